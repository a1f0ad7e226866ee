import type { FromRunner, ToRunner } from './protocol.ts'

/** How something ended that was to stay until it is killed. */
export interface Death {
  readonly type: 'death'
  readonly exitCode: number | null
  readonly signal: string | null
  /** Why it could not even be started, or else null. */
  readonly trouble: string | null
}

export interface RunnerOptions {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** Of V8's heap. */
  readonly heapBytes?: number
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Buffer) => void
}

/** What runs `runner/main.ts`, outside of this thread: it does one thing after the other. */
export interface Runner {
  /** Of its process; undefined if it has none of its own. */
  readonly id: number | undefined
  /** If it is dead, `next` says so. */
  send(message: ToRunner): void
  /** What it says next, or its death. One caller at a time. */
  next(): Promise<FromRunner | Death>
  /** Ends it and all that it started, at once. Settles when it is gone. */
  kill(): Promise<Death>
  /** SIGTERM for what it has started. */
  terminateGroup(): void
  /** After `kill`: waits for the end of its output, and lets go of everything. */
  close(): Promise<void>
}
