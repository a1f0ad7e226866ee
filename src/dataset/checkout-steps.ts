import { RAW_CODE } from '../cid/cid.ts'
import { MalformedDataError } from '../errors.ts'
import { listChunks } from '../file/index.ts'
import type { ManifestEntry } from '../manifest/interface.ts'
import type { BlockRepository, BlockRequest, ReadResult } from '../repository/index.ts'
import type { AnyIterable } from '../types.ts'
import { damageAt } from './damage.ts'
import type { CheckoutStep } from './interface.ts'

/**
 * Entries and their content as a sequence of steps, in order. Chunks of many files are read together, in large pieces; memory is bounded by the reader's, and the
 * entries whose content it has been asked for.
 *
 * @param totalBytes of all content, so that it can be read by as many threads as that is worth; the bytes of a step are then valid until the next one is asked for
 * @throws CorruptBlockError or MalformedDataError naming the path whose content cannot be read
 */
export async function* checkoutSteps(repository: BlockRepository, entries: AnyIterable<ManifestEntry>, totalBytes?: number): AsyncGenerator<CheckoutStep> {
  const waiting: ManifestEntry[] = []
  const content = repository.readMany(chunksOf(repository, entries, waiting), totalBytes === undefined ? {} : { transientBytes: totalBytes })
  try {
    for (let result = await content.next(); ; ) {
      // To ask for content is what brings the entries on; those without any come along with the next that has some.
      const entry = waiting.shift()
      if (entry === undefined) {
        if (result.done === true) return
        throw new MalformedDataError('There is more content than files to hold it')
      }
      yield stepOf(entry)
      // Sizes of chunks add up to that of their file: list nodes and the reader see to it.
      for (let left = sizeOf(entry); left > 0; ) {
        const bytes = bytesOf(result, entry)
        yield { type: 'data', bytes }
        left -= bytes.length
        result = await content.next()
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

/** The chunks of all entries in order; each entry goes to `waiting` before its chunks. */
async function* chunksOf(repository: BlockRepository, entries: AnyIterable<ManifestEntry>, waiting: ManifestEntry[]): AsyncGenerator<BlockRequest> {
  for await (const entry of entries) {
    const { path, value } = entry
    waiting.push(entry)
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
