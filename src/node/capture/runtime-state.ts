import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, platform, release, totalmem, type } from 'node:os'
import type { RuntimeState } from '../../run/capture-interface.ts'
import { redactArguments } from '../../run/redact.ts'
import type { Variables } from './git-command.ts'

export interface RuntimeSources {
  readonly variables: Variables
  readonly timeoutMs: number
}

export interface FoundRuntime {
  readonly runtime: RuntimeState
  readonly missing: readonly string[]
  readonly redacted: readonly string[]
}

/** The program, the system and the machine. Asks nvidia-smi for graphics processors, and waits no longer than it is told to. */
export async function runtimeState({ variables, timeoutMs }: RuntimeSources): Promise<FoundRuntime> {
  const path = { PATH: variables['PATH'] ?? variables['Path'], SystemRoot: variables['SystemRoot'] ?? variables['SYSTEMROOT'] }
  const [libc, { gpus, missing }] = await Promise.all([libcVersion(path, timeoutMs), gpuLines(path, timeoutMs)])
  const execArgv = redactArguments(process.execArgv, 'runtime.execArgv')
  const processors = cpus()
  const versions = Object.fromEntries(Object.entries(process.versions).flatMap(([name, version]) => (version === undefined ? [] : [[name, version] as const])))
  return {
    runtime: {
      versions, execArgv: execArgv.value, platform: platform(), architecture: arch(), system: systemName(), libc, gpus,
      cpu: { model: processors[0]?.model.trim() ?? 'unknown', threads: availableParallelism() }, memoryBytes: totalmem(),
    },
    missing, redacted: execArgv.where,
  }
}

/** `Linux 6.1.0 (Debian GNU/Linux 12 (bookworm))`. */
function systemName(): string {
  const kernel = `${type()} ${release()}`
  try {
    const name = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
    return name === undefined ? kernel : `${kernel} (${name})`
  } catch {
    return kernel
  }
}

/** `glibc 2.36`, or `musl`; null where neither is. Node knows it too, in a report that holds every variable. */
async function libcVersion(path: Variables, timeoutMs: number): Promise<string | null> {
  if (platform() !== 'linux') return null
  const { output } = await outputOf('getconf', ['GNU_LIBC_VERSION'], path, timeoutMs)
  if (/^glibc [\d.]+$/.test(output)) return output
  try {
    return readdirSync('/lib').some((name) => name.startsWith('ld-musl-')) ? 'musl' : null
  } catch {
    return null
  }
}

/** One line a device: name, driver, memory. */
export async function gpuLines(path: Variables, timeoutMs: number): Promise<{ readonly gpus: readonly string[] | null; readonly missing: readonly string[] }> {
  const { output, trouble, isAbsent } = await outputOf('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'], path, timeoutMs)
  if (isAbsent) return { gpus: null, missing: [] }
  if (trouble !== null) return { gpus: null, missing: [`The graphics processors are not known: nvidia-smi ${trouble}`] }
  const lines = output.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  return { gpus: lines.length === 0 ? null : lines, missing: [] }
}

interface ProbeAnswer {
  readonly output: string
  readonly trouble: string | null
  readonly isAbsent: boolean
}

function outputOf(program: string, words: readonly string[], path: Variables, timeoutMs: number): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const env = Object.fromEntries(Object.entries(path).filter(([, value]) => value !== undefined)) as Record<string, string>
    const child = execFile(program, words, { env, timeout: timeoutMs, killSignal: 'SIGKILL', windowsHide: true, encoding: 'utf8' }, (error, output) => {
      const isAbsent = (error?.code as unknown) === 'ENOENT'
      const trouble = error === null ? null : error.killed === true ? `took longer than ${timeoutMs} ms` : `failed: ${output.trim().split('\n')[0] || `exit code ${String(error.code)}`}`
      resolve({ output: output.trim(), trouble, isAbsent })
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end()
  })
}
