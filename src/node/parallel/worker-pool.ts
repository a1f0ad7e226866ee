import { Worker } from 'node:worker_threads'
import { StorageError } from '../../errors.ts'
import type { Slab } from './slab.ts'
import type { ResultMessage, Results, SlabTask, Task, TaskMessage } from './tasks.ts'
import { WORKER_CODE } from './worker.generated.ts'

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** What threads make lives for the length of a task, and most of it is in slabs; by default each would take several times as much before it collects. */
const YOUNG_GENERATION_MB = 8

type WithoutSlab<T> = T extends SlabTask ? Omit<T, 'slab' | 'memory'> : never

/** Threads that work on slabs. Each does its tasks in the order in which it gets them. They keep the process alive only while they have some. */
export class WorkerPool {
  readonly #workers: Worker[] = []
  readonly #waiting = new Map<number, Waiting>()
  #failure: Error | undefined
  #tasks = 0

  /** The constructor's errors are those of the system that grants no thread; none is left then. */
  constructor(size: number) {
    try {
      while (this.#workers.length < size) this.#workers.push(this.#start())
    } catch (error) {
      void this.close()
      throw error
    }
  }

  get size(): number {
    return this.#workers.length
  }

  /** Has a thread perform a task on a slab. Fails if the thread dies, or on a fault in its program. */
  runOn<T extends WithoutSlab<SlabTask>>(slab: Slab, thread: number, task: T): Promise<Results[T['type']]> {
    const isKnown = slab.known.has(thread)
    slab.known.add(thread)
    return this.run(thread, { ...task, slab: slab.number, ...(isKnown ? {} : { memory: slab.memory }) }) as Promise<Results[T['type']]>
  }

  /** The same for a task that needs no slab. */
  run<T extends Task>(thread: number, task: T): Promise<Results[T['type']]> {
    const id = this.#tasks++
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      if (this.#waiting.size === 0) for (const worker of this.#workers) worker.ref()
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject })
      this.#workers[thread]?.postMessage({ id, task } satisfies TaskMessage)
    })
  }

  /** Ends all threads. What they were doing fails. */
  async close(): Promise<void> {
    this.#fail(new StorageError('The threads were stopped'))
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #start(): Worker {
    // No flags of this process: some, such as profilers', are refused in threads or would write files of their own.
    const worker = new Worker(WORKER_CODE, { eval: true, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } })
    worker.unref()
    worker.on('message', (message: ResultMessage) => this.#settle(message))
    worker.on('messageerror', (cause) => this.#fail(new StorageError('What a thread said could not be read', { cause })))
    worker.on('error', (cause) => this.#fail(new StorageError(`A thread died: ${cause.message}`, { cause, hint: 'Try again; with less memory in use, if it was short of that.' })))
    worker.on('exit', () => this.#fail(new StorageError('A thread ended early', { hint: 'Try again.' })))
    return worker
  }

  #settle(message: ResultMessage): void {
    // What comes late is of no use, and must not let the process go while it waits for threads to end.
    if (this.#failure !== undefined) return
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (this.#waiting.size === 0) for (const worker of this.#workers) worker.unref()
    if ('error' in message) waiting?.reject(new StorageError('A thread failed', { cause: new Error(message.error) }))
    else waiting?.resolve(message.result)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}
