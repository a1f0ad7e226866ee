import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Mailbox } from './mailbox.ts'
import type { FromRunner, ToRunner } from './protocol.ts'
import { signalTree } from './process-tree.ts'
import type { Death, Runner, RunnerOptions } from './runner.ts'
import { RUNNER } from './runner-location.ts'

/** After the death of a process its output has ended, unless something that it started got away and holds on to it. */
const OUTPUT_GRACE_MS = 1000

/** A child process that runs `runner/main.ts`, in a group of its own. It does one thing after the other. */
export class RunnerProcess implements Runner {
  readonly #child: ChildProcess
  readonly #death: Promise<Death>
  readonly #closed: Promise<void>
  readonly #mailbox = new Mailbox()
  #isKilled = false

  constructor({ folder, environment, heapBytes, onOutput }: RunnerOptions) {
    const flags = heapBytes === undefined ? [] : [`--max-old-space-size=${Math.max(1, Math.floor(heapBytes / 2 ** 20))}`]
    const child = spawn(process.execPath, [...flags, fileURLToPath(RUNNER), String(process.pid)], {
      cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'json', detached: process.platform !== 'win32', windowsHide: true,
    })
    this.#child = child
    child.stdout?.on('data', (bytes: Buffer) => onOutput('stdout', bytes))
    child.stderr?.on('data', (bytes: Buffer) => onOutput('stderr', bytes))
    child.on('message', (value) => this.#mailbox.put(value))
    this.#closed = new Promise((resolve) => child.once('close', () => resolve()))
    this.#death = new Promise((resolve) => {
      child.once('error', (error) => resolve({ type: 'death', exitCode: null, signal: null, trouble: error.message }))
      child.once('exit', (exitCode, signal) => {
        const end = () => resolve({ type: 'death', exitCode, signal, trouble: null })
        if (!child.connected) return end()
        // What it said last may be on its way still. Nothing that it started should hold on to the channel.
        const timer = setTimeout(end, OUTPUT_GRACE_MS)
        child.once('disconnect', () => {
          clearTimeout(timer)
          end()
        })
      })
    })
  }

  /** Undefined if the system granted no process. */
  get id(): number | undefined {
    return this.#child.pid
  }

  send(message: ToRunner): void {
    // If it is dead, `next` says so.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  /** What the process says next, or its death. One caller at a time. */
  next(): Promise<FromRunner | Death> {
    return this.#mailbox.next(this.#death)
  }

  /** Ends it and all in its group, at once. Settles when it is gone. */
  async kill(): Promise<Death> {
    if (this.id !== undefined && !this.#isKilled) signalTree(this.id, 'SIGKILL')
    this.#isKilled = true
    return this.#death
  }

  /** SIGTERM for what the process has started: it does not heed it itself. */
  terminateGroup(): void {
    if (this.id !== undefined && process.platform !== 'win32') signalTree(this.id, 'SIGTERM')
  }

  /** After `kill`: waits for the end of its output, and lets go of everything. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([this.#closed, new Promise((resolve) => (timer = setTimeout(resolve, OUTPUT_GRACE_MS)))])
    clearTimeout(timer)
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
    if (this.#child.connected) this.#child.disconnect()
  }
}
