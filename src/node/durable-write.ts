import { bodyParts } from '../storage/body.ts'
import type { LendingBody, ObjectBody } from '../storage/interface.ts'
import type { MaybePromise } from '../types.ts'
import type { FileCalls } from './file-calls.ts'
import { StagedWriter } from './staged-writer.ts'
import { unlinkQuietly } from './temp-files.ts'

/**
 * Bytes in one call. Enough that its overhead (some 40 µs) does not show; with more, Linux 6.18 on a small machine took twice as long or
 * longer in most runs, waiting for large pages.
 */
const BATCH_SIZE_BYTES: number = 512 * 1024
/** Parts that are gathered for one call; systems take up to 1,024. */
const BATCH_PARTS = 512
/** Parts below this are copied, so that they can be gathered though their producer may reuse the memory. */
const COPY_BELOW_BYTES: number = 64 * 1024

/** How to write; `explain` turns an error of the system, but not one of the body or the signal, into what the caller sees. */
export interface WriteOptions {
  readonly signal: AbortSignal | undefined
  readonly explain: (error: unknown) => Error
}

/**
 * Creates a file, writes the body to it and waits until it survives a power cut (its name may not: see `DurableFolders`). If anything
 * fails the file is removed, and nothing is tried again on it: after a failed sync the system has dropped what it could not write, and
 * says so only once.
 */
export async function writeNewFile(calls: FileCalls, path: string, body: ObjectBody, options: WriteOptions): Promise<void> {
  try {
    const file = await explained(options, () => calls.create(path))
    try {
      const staged = isLending(body) ? StagedWriter.begin(calls, path, file) : undefined
      await (staged === undefined ? writeBody(calls, file, body, options) : writeStaged(staged, body, options))
      await explained(options, () => calls.syncFile(file))
    } catch (error) {
      closeQuietly(calls, file)
      throw error
    }
    await explained(options, () => calls.close(file))
  } catch (error) {
    unlinkQuietly(calls, path)
    throw error
  }
}

/** Closes a file that is of no more use: what its close could report has been reported, or does not matter. */
export function closeQuietly(calls: Pick<FileCalls, 'close'>, file: number): void {
  try {
    calls.close(file)
  } catch {
    // Nothing was lost that somebody still counts on.
  }
}

async function writeBody(calls: FileCalls, file: number, body: ObjectBody, options: WriteOptions): Promise<void> {
  // The parts of an array stay what they are while it is written; those of a generator may be one buffer that it fills again and again.
  const lender = isLending(body) ? body : undefined
  const lasting = lender !== undefined || body instanceof Uint8Array || Array.isArray(body)
  lender?.written(0)
  let batch: Uint8Array[] = []
  let batchSize = 0
  let position = 0
  const flush = async (): Promise<void> => {
    await writeAll(calls, file, batch, position, options)
    position += batchSize
    batch = []
    batchSize = 0
    lender?.written(position)
  }
  for await (const part of bodyParts(body, options.signal)) {
    const copied = !lasting && part.length < COPY_BELOW_BYTES
    for (let start = 0; start < part.length; start += BATCH_SIZE_BYTES) {
      const piece = part.subarray(start, start + BATCH_SIZE_BYTES)
      batch.push(copied ? new Uint8Array(piece) : piece)
      batchSize += piece.length
      const mayWait = lasting || copied
      if (!mayWait || batchSize >= BATCH_SIZE_BYTES || batch.length >= BATCH_PARTS) await flush()
    }
  }
  await flush()
}

/** Parts are copied as they come, and free at once. */
async function writeStaged(staged: StagedWriter, body: ObjectBody, options: WriteOptions): Promise<void> {
  const lender = isLending(body) ? body : undefined
  let position = 0
  try {
    lender?.written(0)
    for await (const part of bodyParts(body, options.signal)) {
      await explained(options, () => staged.add(part))
      position += part.length
      lender?.written(position)
    }
    await explained(options, () => staged.finish())
  } catch (error) {
    await staged.close().catch(() => undefined)
    throw error
  }
  await explained(options, () => staged.close())
}

function isLending(body: ObjectBody): body is LendingBody {
  return 'written' in body && typeof body.written === 'function'
}

/** Writes every byte of all parts, however few the system takes at a time. */
async function writeAll(calls: FileCalls, file: number, parts: readonly Uint8Array[], position: number, options: WriteOptions): Promise<void> {
  let left = parts
  for (let done = 0; left.length > 0; ) {
    const [rest, from] = [left, position + done]
    const written = await explained(options, () => calls.write(file, rest, from))
    if (written === 0) throw options.explain(new Error('the system accepts no more bytes'))
    done += written
    left = partsAfter(left, written)
  }
}

/** The parts without their first `count` bytes. */
function partsAfter(parts: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skipped = 0
  for (const [index, part] of parts.entries()) {
    if (skipped + part.length > count) return [part.subarray(count - skipped), ...parts.slice(index + 1)]
    skipped += part.length
  }
  return []
}

async function explained<T>({ explain }: WriteOptions, call: () => MaybePromise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw explain(error)
  }
}
