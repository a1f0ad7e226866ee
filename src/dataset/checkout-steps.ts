import { type CID, RAW_CODE } from '../cid/cid.ts'
import { listChunks } from '../file/index.ts'
import type { ManifestEntry } from '../manifest/interface.ts'
import type { BlockRepository, BlockRequest } from '../repository/index.ts'
import type { AnyIterable } from '../types.ts'
import type { CheckoutStep } from './interface.ts'
import { damageAt } from './damage.ts'

type Planned = { readonly entry: ManifestEntry; chunks: number; complete: boolean }

/**
 * Entries and their content as a sequence of steps, in order. Chunks of many files are read together, in large pieces; memory is bounded by
 * the reader's and by the entries that fit into its read-ahead.
 *
 * @throws CorruptBlockError or NotFoundError naming the path whose content cannot be read
 */
export async function* checkoutSteps(repository: BlockRepository, entries: AnyIterable<ManifestEntry>): AsyncGenerator<CheckoutStep> {
  const planned: Planned[] = []
  let done = 0
  const content = repository.readMany(planChunks(repository, entries, planned))
  for await (const result of content) {
    // Everything planned before the file that this chunk belongs to is complete.
    for (let head = planned[0]; head !== undefined && head.chunks === done && head.complete; head = planned[0]) {
      if (done === 0) yield stepOf(head.entry)
      planned.shift()
      done = 0
    }
    const head = planned[0]
    if (head === undefined) throw new TypeError('A chunk was read that no entry asked for')
    if (done === 0) yield stepOf(head.entry)
    if ('error' in result) throw damageAt(result.error, head.entry.path)
    yield { type: 'data', bytes: result.bytes }
    done++
  }
  for (const { entry, chunks } of planned) if (chunks === 0) yield stepOf(entry)
}

/** The chunks of all entries in order; notes for each entry how many it has. */
async function* planChunks(repository: BlockRepository, entries: AnyIterable<ManifestEntry>, planned: Planned[]): AsyncGenerator<BlockRequest> {
  for await (const entry of entries) {
    const { value } = entry
    const plan: Planned = { entry, chunks: 0, complete: false }
    planned.push(plan)
    if ((value.kind === 'file' || value.kind === 'executable') && value.size > 0) {
      if (value.cid.code === RAW_CODE) {
        plan.chunks = 1
        plan.complete = true
        yield value
      } else {
        for await (const chunk of chunksOf(repository, entry, value)) {
          plan.chunks++
          yield chunk
        }
      }
    }
    plan.complete = true
  }
}

async function* chunksOf(repository: BlockRepository, entry: ManifestEntry, content: { cid: CID; size: number }): AsyncGenerator<BlockRequest> {
  try {
    yield* listChunks(repository, content)
  } catch (error) {
    throw damageAt(error, entry.path)
  }
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
