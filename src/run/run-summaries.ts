import { compareBytes, equalBytes } from '../bytes.ts'
import { DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import { digestId } from '../cid/digest-id.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asBytes } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { TreeItem, ValueCodec } from '../manifest/interface.ts'
import { TreeCursor } from '../manifest/tree-cursor.ts'
import type { BlockRepository, CID, RefChange, Session } from '../repository/index.ts'
import type { MaybePromise } from '../types.ts'
import type { RunEntry, StoredEntry } from './run-entry.ts'
import { parseRunKey, runKey, type RunNumber } from './run-key.ts'
import { readRunRecord } from './run-checkpoint.ts'
import { readRunOutline } from './run-object.ts'
import { decodeSummary, encodeSummary, type RunSummary, summaryOf } from './run-summary.ts'

/**
 * The ref to a tree from the keys of runs that are over to what start and record say of them, so that who looks at thousands reads a node for some thirty of them and not two blocks, of which one has kilobytes, for
 * each. It repeats what those say: an entry counts only for the start and the record that it was made from, and without it they are read. It holds digests and no links, so that it keeps nothing.
 */
export const SUMMARIES_REF = '_varve/run-summaries'

/** What takes more is not repeated. */
const MOST_SUMMARY_SIZE_BYTES = 2048

export interface SummaryEntry {
  /** Digests of the blocks that it was made from. */
  readonly start: Uint8Array
  readonly record: Uint8Array
  /** As `encodeSummary` gives it, which few who come by want read. */
  readonly summary: Uint8Array
}

export const summaryCodec: ValueCodec<SummaryEntry> = {
  encode: encoded,
  decode: (value) => {
    const [start, record, summary] = asArray(value, 'A summary of a run', 3)
    return { start: asDigest(start), record: asDigest(record), summary: asBytes(summary, 'A summary of a run') }
  },
  weigh: (entry) => encodeCbor(encoded(entry)).length,
  equals: (a, b) => equalBytes(a.start, b.start) && equalBytes(a.record, b.record) && equalBytes(a.summary, b.summary),
  checkKey: (key) => void parseRunKey(key),
}

/** A run that is over. */
export interface SealedRun extends RunNumber {
  readonly start: CID
  readonly record: CID
}

/**
 * What a commit has to change so that runs that are over have summaries; undefined if none of them is short enough. Reads their blocks.
 * @param source where these are read; by default the session
 * @throws NotFoundError, CorruptBlockError, MalformedDataError
 */
export async function summariesChange(repository: BlockRepository, session: Session, runs: readonly SealedRun[], source: BlockSource = session): Promise<RefChange | undefined> {
  const edits: TreeItem<SummaryEntry>[] = []
  for (const { start, record, ...run } of runs) {
    const summary = encodeSummary(await readSummary(source, { start, record }))
    if (summary.length <= MOST_SUMMARY_SIZE_BYTES) edits.push({ key: runKey(run), value: { start: start.multihash.digest, record: record.multihash.digest, summary } })
  }
  if (edits.length === 0) return undefined
  const tree = (await repository.getRef(SUMMARIES_REF)) ?? null
  edits.sort((a, b) => compareBytes(a.key, b.key))
  return { name: SUMMARIES_REF, expected: tree, target: await editTree(session, session, tree, summaryCodec, edits), own: true }
}

/** Reads what a summary says from the blocks themselves. @throws NotFoundError, CorruptBlockError, MalformedDataError */
export async function readSummary(source: BlockSource, { start, record }: Pick<RunEntry, 'start' | 'record'>): Promise<RunSummary> {
  const [outline, ended] = await Promise.all([readRunOutline(source, start), record === null ? null : readRunRecord(source, record)])
  return summaryOf(outline, ended)
}

/** Finds summaries in the order of the keys of the runs. Reads each node once, whatever the number of runs. */
export class SummaryCursor {
  readonly #repository: BlockRepository
  readonly #cursor: TreeCursor<SummaryEntry>

  private constructor(repository: BlockRepository, cursor: TreeCursor<SummaryEntry>) {
    this.#repository = repository
    this.#cursor = cursor
  }

  static async open(repository: BlockRepository): Promise<SummaryCursor> {
    return new SummaryCursor(repository, await TreeCursor.open(repository, summaryCodec, (await repository.getRef(SUMMARIES_REF)) ?? null))
  }

  /** The summary of a run, undefined if it is to be read. @param key of the run, not before the last one; @throws MalformedDataError for a summary that is none */
  of(key: Uint8Array, entry: StoredEntry): MaybePromise<RunSummary | undefined> {
    const moving = this.#cursor.seek(key)
    return moving === undefined ? this.#here(key, entry) : moving.then(() => this.#here(key, entry))
  }

  #here(key: Uint8Array, { start, record }: StoredEntry): RunSummary | undefined {
    const { item } = this.#cursor
    const isOf = item !== undefined && equalBytes(item.key, key) && digestId(item.value.start) === start.id && digestId(item.value.record) === record?.id
    return isOf ? decodeSummary(item.value.summary, this.#repository.hasher) : undefined
  }
}

function encoded({ start, record, summary }: SummaryEntry): readonly unknown[] {
  return [start, record, summary]
}

function asDigest(value: unknown): Uint8Array {
  const digest = asBytes(value, 'A digest', DIGEST_SIZE_BYTES)
  if (digest.length !== DIGEST_SIZE_BYTES) throw new MalformedDataError(`A digest has ${digest.length} bytes`)
  return digest
}
