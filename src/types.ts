/** A value, or a promise of it: functions on hot paths answer synchronously where they can. */
export type MaybePromise<T> = T | Promise<T>

/** Anything that can be iterated, synchronously or not. */
export type AnyIterable<T> = Iterable<T> | AsyncIterable<T>

/** What JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** A CID as text: version 1, base32 lower case. */
export type CidText = string & { readonly __brand: 'CidText' }

/** Long operations report through `onProgress`; totals are present where they are known. */
export type ProgressEvent =
  | { readonly type: 'scan'; readonly files: number; readonly bytes: number }
  | { readonly type: 'store'; readonly files: number; readonly bytes: number; readonly newBytes: number; readonly totalFiles?: number; readonly totalBytes?: number }
  | { readonly type: 'hash'; readonly files: number; readonly bytes: number; readonly totalFiles?: number; readonly totalBytes?: number }
  | { readonly type: 'checkout'; readonly files: number; readonly bytes: number; readonly totalFiles: number; readonly totalBytes: number }
  | { readonly type: 'verify'; readonly blocks: number; readonly bytes: number; readonly totalBytes?: number }
  | { readonly type: 'compare'; readonly blocks: number; readonly bytes: number; readonly totalBytes: number }
  | { readonly type: 'rewrite'; readonly blocks: number; readonly bytes: number; readonly totalBytes: number }
  | { readonly type: 'derive'; readonly recipe: string; readonly done: number; readonly total?: number }
  | { readonly type: 'transfer'; readonly blocks: number; readonly bytes: number; readonly totalBlocks?: number; readonly totalBytes?: number }
  | { readonly type: 'warning'; readonly message: string; readonly path?: string }

/** Options that every long operation takes. */
export interface OperationOptions {
  /** Stops the operation at the next safe point with the signal's reason. */
  readonly signal?: AbortSignal
  /** Called synchronously and often; must be quick and must not throw. */
  readonly onProgress?: (event: ProgressEvent) => void
}

/** True for a promise or any other thenable. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
