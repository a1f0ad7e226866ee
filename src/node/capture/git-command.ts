import { execFile } from 'node:child_process'

/** Variables as a process has them. */
export type Variables = Readonly<Record<string, string | undefined>>

/** How a git command ended. `exitCode` is null if it was killed, or could not be started. */
export interface GitAnswer {
  readonly ok: boolean
  readonly exitCode: number | null
  readonly output: Buffer
  /** One line on what went wrong; empty if nothing did. */
  readonly trouble: string
  readonly isAbsent: boolean
}

export interface GitOptions {
  /** The environment of the process that is captured. */
  readonly variables: Variables
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** A listing of a million long paths. */
const MAX_OUTPUT_BYTES = 512 * 1024 * 1024

/**
 * What keeps git from running programs that a repository names, from asking, from writing and from the network: hooks, a file system monitor, filters are configuration that whoever
 * made the repository can write.
 */
const SAFE: readonly string[] = [
  'core.hooksPath=/dev/null', 'core.fsmonitor=false', 'core.pager=cat', 'core.splitIndex=false', 'core.safecrlf=false', 'core.compression=0', 'protocol.allow=never',
  'advice.addEmbeddedRepo=false', 'gc.auto=0', 'maintenance.auto=false', 'color.ui=false', 'status.renames=true', 'status.showStash=false', 'submodule.recurse=false',
]
/** Of git's own variables only where its configuration is: GIT_DIR and its kin, as in a hook, would name another repository. */
const KEPT: readonly string[] = [
  'PATH', 'HOME', 'XDG_CONFIG_HOME', 'USERPROFILE', 'HOMEDRIVE', 'HOMEPATH', 'APPDATA', 'PROGRAMDATA', 'SYSTEMROOT', 'SystemRoot', 'Path', 'TMPDIR', 'TEMP', 'TMP',
  'GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_NOSYSTEM', 'GIT_CEILING_DIRECTORIES', 'GIT_DISCOVERY_ACROSS_FILESYSTEM', 'GIT_EXEC_PATH',
]
const QUIET: Variables = { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', GIT_PAGER: 'cat', GIT_NO_LAZY_FETCH: '1', GIT_ASKPASS: '' }

/** The git command line in one folder, which runs nothing but git itself and leaves the repository as it is. */
export class Git {
  readonly folder: string
  readonly #options: GitOptions
  readonly #settings: readonly string[]
  readonly #variables: Variables

  constructor(folder: string, options: GitOptions, settings: readonly string[] = [], variables: Variables = {}) {
    this.folder = folder
    this.#options = options
    this.#settings = settings
    this.#variables = variables
  }

  /** The same with more settings, as `filter.lfs.clean=`, and variables. */
  with(settings: readonly string[], variables: Variables = {}): Git {
    return new Git(this.folder, this.#options, [...this.#settings, ...settings], { ...this.#variables, ...variables })
  }

  /** The same in another folder. */
  in(folder: string): Git {
    return new Git(folder, this.#options)
  }

  /** Runs a command. Whatever goes wrong is in the answer; only the signal's reason is thrown. */
  run(words: readonly string[], input?: Uint8Array): Promise<GitAnswer> {
    const { variables, timeoutMs, signal } = this.#options
    signal?.throwIfAborted()
    const settings = [...SAFE, ...this.#settings].flatMap((setting) => ['-c', setting])
    const kept = Object.fromEntries(KEPT.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]])))
    const env = { ...kept, ...QUIET, ...this.#variables } as Record<string, string>
    return new Promise((resolve, reject) => {
      const options = { cwd: this.folder, env, encoding: 'buffer', maxBuffer: MAX_OUTPUT_BYTES, timeout: timeoutMs, killSignal: 'SIGKILL', windowsHide: true, ...(signal === undefined ? {} : { signal }) } as const
      const child = execFile('git', ['--no-pager', ...settings, ...words], options, (error, output, errors) => {
        if (signal?.aborted === true) return reject(signal.reason as Error)
        if (error === null) return resolve({ ok: true, exitCode: 0, output, trouble: '', isAbsent: false })
        const exitCode = typeof error.code === 'number' ? error.code : null
        resolve({ ok: false, exitCode, output, trouble: troubleOf(error, errors, timeoutMs), isAbsent: (error.code as unknown) === 'ENOENT' })
      })
      // A git that ends before it has read everything says why by its exit.
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(input)
    })
  }
}

function troubleOf(error: Error & { readonly killed?: boolean; readonly code?: string | number | null }, errors: Buffer, timeoutMs: number): string {
  if (error.killed === true && error.code === null) return `git took longer than ${timeoutMs} ms`
  const lines = errors.toString('utf8').split('\n').map((line) => line.trim()).filter((line) => line !== '')
  return lines.find((line) => /^(fatal|error)/.test(line)) ?? lines[0] ?? (typeof error.code === 'string' ? error.code : `exit code ${String(error.code)}`)
}
