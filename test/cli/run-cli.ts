import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'

/** The built binary; `npm run build` makes it. */
export const CLI_PATH: string = resolve('dist/cli.js')

export interface CliOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  readonly uid?: number
}

export interface CliRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly bytes: Buffer
}

export interface CliProcess {
  readonly child: ChildProcess
  readonly ended: Promise<CliRun>
}

/** Starts the binary with pipes for all three streams, and none of the caller's settings. */
export function startCli(args: readonly string[], { cwd, env, input, uid }: CliOptions = {}): CliProcess {
  const { VARVE_REPO: _repo, VARVE_AUTHOR: _author, VARVE_DEBUG: _debug, NO_COLOR: _color, FORCE_COLOR: _force, ...rest } = process.env
  const child = spawn(process.execPath, [CLI_PATH, ...args], { cwd, env: { ...rest, ...env }, stdio: 'pipe', ...(uid === undefined ? {} : { uid }) })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (piece: Buffer) => stdout.push(piece))
  child.stderr.on('data', (piece: Buffer) => stderr.push(piece))
  // A process that ends before it has read its input is no failure of the test.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const ended = new Promise<CliRun>((settle, fail) => {
    child.on('error', fail)
    child.on('close', (code) => {
      const bytes = Buffer.concat(stdout)
      settle({ code, bytes, stdout: bytes.toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8') })
    })
  })
  return { child, ended }
}

export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  return startCli(args, options).ended
}

/** Runs a verb that must succeed, and parses its one JSON document. */
export async function runJson<T>(args: readonly string[], options: CliOptions = {}): Promise<T> {
  const run = await runCli([...args, '--json'], options)
  if (run.code !== 0) throw new Error(`varve ${args.join(' ')} exited with ${String(run.code)}: ${run.stderr}`)
  return JSON.parse(run.stdout) as T
}

/** An empty folder that goes when the test ends. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'varve-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The error document that a failed run printed. */
export function errorOf(run: CliRun): { code: string; message: string; hint: string; data: Record<string, unknown> } {
  return (JSON.parse(run.stdout) as { error: { code: string; message: string; hint: string; data: Record<string, unknown> } }).error
}
