import { compareBytes, equalBytes } from '../bytes.ts'
import { digestOfId } from '../cid/digest-id.ts'
import type { Hasher } from '../cid/interface.ts'
import { type CborInput, readArrayHead } from '../codec/cbor-decoder.ts'
import { encodeCbor, readBlock } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { MalformedDataError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { TreeItem, ValueCodec } from '../manifest/interface.ts'
import { TreeCursor } from '../manifest/tree-cursor.ts'
import type { BlockRepository, CID, RefChange, Session } from '../repository/index.ts'
import { StoredLink } from '../repository/stored-link.ts'
import type { MaybePromise } from '../types.ts'
import type { RunEntry, StoredEntry } from './run-entry.ts'
import { parseRunKey, runKey, type RunNumber } from './run-key.ts'
import { readRunRecord } from './run-checkpoint.ts'
import { readRunOutline } from './run-object.ts'
import { readLink, readSummaryFields, type RunSummary, summaryFields, summaryOf } from './run-summary.ts'

/**
 * The ref to a tree from the keys of runs that are over to what start and record say of them, so that who looks at thousands reads a node for some thirty of them and not two blocks, of which one has kilobytes, for
 * each. It repeats what those say: an entry counts only for the start and the record that it was made from, and without it they are read. It holds digests and no links, so that it keeps nothing.
 */
export const SUMMARIES_REF = '_varve/run-summaries'

/** What takes more is not repeated. */
const MOST_SUMMARY_SIZE_BYTES = 2048

export interface SummaryEntry {
  /** The blocks that it was made from. */
  readonly start: StoredLink
  readonly record: StoredLink
  readonly summary: RunSummary
}

export function summaryCodec(hasher: Pick<Hasher, 'code'>): ValueCodec<SummaryEntry> {
  const read = (input: CborInput, depth: number): SummaryEntry => {
    if (readArrayHead(input) !== 3) throw new MalformedDataError('A summary of a run stands behind its start and its record')
    const [start, record] = [readLink(input, hasher), readLink(input, hasher)]
    if (start === null || record === null) throw new MalformedDataError('A summary of a run is made from a start and a record')
    return { start, record, summary: readSummaryFields(input, depth + 1, hasher) }
  }
  return {
    encode: encoded,
    decode: (value) => readBlock(encodeCbor(value), (input) => read(input, 0)),
    read,
    weigh: (entry) => encodeCbor(encoded(entry)).length,
    equals: (a, b) => equalBytes(encodeCbor(encoded(a)), encodeCbor(encoded(b))),
    checkKey: (key) => void parseRunKey(key),
  }
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
    const summary = await readSummary(source, { start, record })
    if (encodeCbor(summaryFields(summary)).length <= MOST_SUMMARY_SIZE_BYTES) edits.push({ key: runKey(run), value: { start: StoredLink.of(start), record: StoredLink.of(record), summary } })
  }
  if (edits.length === 0) return undefined
  const tree = (await repository.getRef(SUMMARIES_REF)) ?? null
  edits.sort((a, b) => compareBytes(a.key, b.key))
  return { name: SUMMARIES_REF, expected: tree, target: await editTree(session, session, tree, summaryCodec(repository.hasher), edits), own: true }
}

/** Reads what a summary says from the blocks themselves. @throws NotFoundError, CorruptBlockError, MalformedDataError */
export async function readSummary(source: BlockSource, { start, record }: Pick<RunEntry, 'start' | 'record'>): Promise<RunSummary> {
  const [outline, ended] = await Promise.all([readRunOutline(source, start), record === null ? null : readRunRecord(source, record)])
  return summaryOf(outline, ended)
}

/** Finds summaries in the order of the keys of the runs. Reads each node once, whatever the number of runs. */
export class SummaryCursor {
  readonly #cursor: TreeCursor<SummaryEntry>

  private constructor(cursor: TreeCursor<SummaryEntry>) {
    this.#cursor = cursor
  }

  static async open(repository: BlockRepository): Promise<SummaryCursor> {
    return new SummaryCursor(await TreeCursor.open(repository, summaryCodec(repository.hasher), (await repository.getRef(SUMMARIES_REF)) ?? null))
  }

  /** The summary of a run, undefined if it is to be read. @param key of the run, not before the last one; @throws MalformedDataError for a summary that is none */
  of(key: Uint8Array, entry: StoredEntry): MaybePromise<RunSummary | undefined> {
    const moving = this.#cursor.seek(key)
    return moving === undefined ? this.#here(key, entry) : moving.then(() => this.#here(key, entry))
  }

  #here(key: Uint8Array, { start, record }: StoredEntry): RunSummary | undefined {
    const { item } = this.#cursor
    return item !== undefined && equalBytes(item.key, key) && item.value.start.id === start.id && item.value.record.id === record?.id ? item.value.summary : undefined
  }
}

function encoded({ start, record, summary }: SummaryEntry): readonly unknown[] {
  return [digestOfId(start.id), digestOfId(record.id), summaryFields(summary)]
}
