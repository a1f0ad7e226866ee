import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Mailbox } from './mailbox.ts'
import type { FromRunner, ToRunner } from './protocol.ts'
import type { Death, Runner, RunnerOptions } from './runner.ts'
import { RUNNER } from './runner-location.ts'

/** As which V8 ends a process whose heap is full. */
const ABORTED_EXIT_CODE = 134

/** A thread that runs `runner/main.ts`: with globals, modules and a heap of its own, and with the files and the working directory of this process. */
export class RunnerThread implements Runner {
  /** It has no process of its own. */
  readonly id = undefined
  readonly #worker: Worker
  readonly #death: Promise<Death>
  readonly #mailbox = new Mailbox()
  #exitCode: number | undefined

  constructor({ environment, heapBytes, onOutput }: RunnerOptions) {
    const limits = heapBytes === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: Math.max(1, Math.floor(heapBytes / 2 ** 20)) } }
    this.#worker = new Worker(fileURLToPath(RUNNER), { env: environment, stdout: true, stderr: true, argv: [], execArgv: [], ...limits })
    this.#worker.stdout.on('data', (bytes: Buffer) => onOutput('stdout', bytes))
    this.#worker.stderr.on('data', (bytes: Buffer) => onOutput('stderr', bytes))
    this.#worker.on('message', (value) => this.#mailbox.put(value))
    this.#death = new Promise((resolve) => {
      let trouble: string | null = null
      this.#worker.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') this.#exitCode = ABORTED_EXIT_CODE
        else trouble = error.message
      })
      this.#worker.once('exit', (exitCode) => resolve({ type: 'death', exitCode: this.#exitCode ?? exitCode, signal: null, trouble }))
    })
  }

  send(message: ToRunner): void {
    this.#worker.postMessage(message, [])
  }

  next(): Promise<FromRunner | Death> {
    return this.#mailbox.next(this.#death)
  }

  async kill(): Promise<Death> {
    await this.#worker.terminate()
    return this.#death
  }

  /** What a function has started ends with the run (`killLeftovers`). */
  terminateGroup(): void {}

  async close(): Promise<void> {
    this.#worker.stdout.destroy()
    this.#worker.stderr.destroy()
  }
}
