import { execFile } from 'node:child_process'
import type { Variables } from './git-command.ts'
import type { PythonCommand } from './python-command.ts'

/** What an interpreter says of itself. */
export interface PythonAnswer {
  /** `CPython`, `PyPy`. */
  readonly implementation: string
  readonly version: string
  /** Absolute. */
  readonly executable: string
  /** Folder of the virtual environment; null where it is none. */
  readonly environment: string | null
  /** Of two with one name, the one that is imported. */
  readonly distributions: readonly PythonDistribution[]
}

export interface PythonDistribution {
  readonly name: string
  readonly version: string
  /** Where it was installed from, if that was no index of packages: `file:///…`, `git+https://…`. */
  readonly address: string | null
}

export interface PythonPlace {
  /** Where it is started, and with which variables: as the command will be. */
  readonly folder: string
  readonly variables: Variables
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

const MARK = 'varve-python:'
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
/**
 * The folder that the interpreter is started in is taken off its path before anything is imported: a module of the project must not be run, nor stand for one of the library. Variables and the packages of the user count, since
 * they do for the command.
 */
const QUESTION = `
import sys
sys.path[:] = [place for place in sys.path if place]
import json, platform
from importlib import metadata
found = []
for one in metadata.distributions():
    try:
        found.append([one.metadata['Name'], one.version, one.read_text('direct_url.json')])
    except Exception:
        pass
print('\\n${MARK}' + json.dumps([platform.python_implementation(), platform.python_version(), sys.executable, sys.prefix if sys.prefix != sys.base_prefix else None, found]))
`

/** Starts an interpreter once and asks for its version and what is installed for it. One that is stopped by the signal has not said it. @returns why not, if it does not say, as the end of a sentence that begins with the program */
export function askPython({ words, options }: PythonCommand, { folder, variables, timeoutMs, signal }: PythonPlace): Promise<PythonAnswer | string> {
  const [program = '', ...rest] = words
  const env = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined)) as Record<string, string>
  return new Promise((resolve) => {
    const settle = (error: (Error & { readonly killed?: boolean; readonly code?: unknown }) | null, output: string, errors: string): void => {
      if (error === null) resolve(answerIn(output) ?? 'did not answer in the way that was expected')
      else if (error.code === 'ENOENT') resolve('is not there')
      else if (error.killed === true && error.code === null) resolve(`took longer than ${timeoutMs} ms to say it`)
      else resolve(`failed: ${lastLine(errors) ?? (typeof error.code === 'number' ? `exit code ${error.code}` : error.message)}`)
    }
    try {
      const child = execFile(program, [...rest, ...options, '-c', QUESTION], { cwd: folder, env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_ANSWER_BYTES, windowsHide: true, encoding: 'utf8', ...(signal === undefined ? {} : { signal }) }, settle)
      child.stdin?.on('error', () => undefined)
      child.stdin?.end()
    } catch (error) {
      // A word with a NUL in it.
      resolve(`cannot be started: ${(error as Error).message}`)
    }
  })
}

/** Launchers and what is loaded before may write lines too. */
function answerIn(output: string): PythonAnswer | undefined {
  const line = output.split('\n').findLast((one) => one.startsWith(MARK))
  if (line === undefined) return undefined
  try {
    const [implementation, version, executable, environment, found] = JSON.parse(line.slice(MARK.length)) as readonly unknown[]
    if (typeof implementation !== 'string' || typeof version !== 'string' || typeof executable !== 'string' || !Array.isArray(found)) return undefined
    const distributions = new Map<string, PythonDistribution>()
    for (const [name, version, origin] of found as readonly (readonly unknown[])[]) {
      if (typeof name !== 'string' || typeof version !== 'string' || distributions.has(normalName(name))) continue
      distributions.set(normalName(name), { name, version, address: typeof origin === 'string' ? addressIn(origin) : null })
    }
    return { implementation, version, executable, environment: typeof environment === 'string' ? environment : null, distributions: [...distributions.values()] }
  } catch {
    return undefined
  }
}

/** The address in a direct_url.json (PyPA, "Recording the Direct URL Origin"). */
function addressIn(text: string): string | null {
  const { url, vcs_info: source } = (JSON.parse(text) ?? {}) as { readonly url?: unknown; readonly vcs_info?: { readonly vcs?: unknown; readonly commit_id?: unknown } }
  if (typeof url !== 'string') return null
  return typeof source?.vcs === 'string' && typeof source.commit_id === 'string' ? `${source.vcs}+${url}@${source.commit_id}` : url
}

/** Names of distributions that differ in case, `-`, `_` and `.` alone are one (PEP 503). */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

function lastLine(text: string): string | undefined {
  return text.split('\n').map((line) => line.trim()).findLast((line) => line !== '')
}
