import { RAW_CODE } from '../cid/cid.ts'
import { MalformedDataError } from '../errors.ts'
import { listChunks } from '../file/index.ts'
import type { ManifestEntry } from '../manifest/interface.ts'
import type { BlockRepository, BlockRequest, ReadResult } from '../repository/index.ts'
import type { AnyIterable } from '../types.ts'
import { damageAt } from './damage.ts'
import type { CheckoutStep } from './interface.ts'

/** Entries whose content is read together. */
const BATCH_ENTRIES = 4096

/**
 * Entries and their content as a sequence of steps, in order. Chunks of many files are read together, in large pieces; memory is bounded by
 * the reader's and by one batch of entries.
 *
 * @throws CorruptBlockError or MalformedDataError naming the path whose content cannot be read
 */
export async function* checkoutSteps(repository: BlockRepository, entries: AnyIterable<ManifestEntry>): AsyncGenerator<CheckoutStep> {
  let batch: ManifestEntry[] = []
  for await (const entry of entries) {
    batch.push(entry)
    if (batch.length < BATCH_ENTRIES) continue
    yield* stepsOf(repository, batch)
    batch = []
  }
  yield* stepsOf(repository, batch)
}

async function* stepsOf(repository: BlockRepository, batch: readonly ManifestEntry[]): AsyncGenerator<CheckoutStep> {
  const content = repository.readMany(chunksOf(repository, batch))
  try {
    for (const entry of batch) {
      yield stepOf(entry)
      // Sizes of chunks add up to that of their file: list nodes and the reader see to it.
      for (let left = sizeOf(entry); left > 0; ) {
        const bytes = bytesOf(await content.next(), entry)
        yield { type: 'data', bytes }
        left -= bytes.length
      }
    }
  } finally {
    await content.return(undefined)
  }
}

function bytesOf({ value, done }: IteratorResult<ReadResult, unknown>, { path }: ManifestEntry): Uint8Array {
  if (done === true) throw damageAt(new MalformedDataError('its chunks end before its size is reached'), path)
  if ('error' in value) throw damageAt(value.error, path)
  // A chunk without bytes would never bring the file nearer to its end.
  if (value.bytes.length === 0) throw damageAt(new MalformedDataError('one of its chunks is empty'), path)
  return value.bytes
}

/** The chunks of all entries in order. */
async function* chunksOf(repository: BlockRepository, entries: readonly ManifestEntry[]): AsyncGenerator<BlockRequest> {
  for (const { path, value } of entries) {
    if ((value.kind !== 'file' && value.kind !== 'executable') || value.size === 0) continue
    if (value.cid.code === RAW_CODE) {
      yield value
      continue
    }
    try {
      yield* listChunks(repository, value)
    } catch (error) {
      throw damageAt(error, path)
    }
  }
}

function sizeOf({ value }: ManifestEntry): number {
  return value.kind === 'file' || value.kind === 'executable' ? value.size : 0
}

function stepOf({ path, value }: ManifestEntry): CheckoutStep {
  switch (value.kind) {
    case 'file':
    case 'executable':
      return { type: 'file', path, size: value.size, executable: value.kind === 'executable' }
    case 'symlink':
      return { type: 'symlink', path, target: value.target }
    case 'directory':
      return { type: 'directory', path }
  }
}
