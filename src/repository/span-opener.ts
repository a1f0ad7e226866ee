import type { MaybePromise } from '../types.ts'
import type { Span } from './read-ahead.ts'

/** The blocks of a span, read and hashed. */
export interface OpenedSpan {
  /** The bytes of each wanted block; undefined for one that must be read in another way. Views, until `done`. */
  readonly blocks: readonly (Uint8Array | undefined)[]
  done(): void
}

/** Reads spans of packs by other means than the storage's `get`, several at a time. */
export interface SpanOpener {
  /** Spans that are best under way at the same time. */
  readonly ahead: number
  /** What it gives back was hashed; a block that cannot be had is left to the caller, who will say why. */
  open(span: Span): Promise<OpenedSpan>
  close(): MaybePromise<void>
}

/** Begins a round of reading; undefined where there is nothing better than `get`. `bytes`: how much is to be read, if that is known. */
export type StartSpanOpener = (bytes: number) => Promise<SpanOpener | undefined>
