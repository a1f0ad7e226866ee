import { compareBytes, equalBytes } from '../bytes.ts'
import { type CID, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import { NotFoundError, RefConflictError, SealedError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import { getValue, scanTree } from '../manifest/read-tree.ts'
import { TreeCursor } from '../manifest/tree-cursor.ts'
import type { BlockRepository, Session } from '../repository/index.ts'
import { linkCodec } from '../repository/link-codec.ts'
import type { RunArtifact, RunRecord, RunStart } from './interface.ts'
import { OPEN_REF, openRunsChange } from './open-runs.ts'
import { encodeNextRecord, readCheckpoint } from './run-checkpoint.ts'
import { type RunEntry, runEntryCodec } from './run-entry.ts'
import { parseRunKey, runKey, runKeyPrefix, runLabel, type RunNumber } from './run-key.ts'
import { summariesChange } from './run-summaries.ts'
import { type NewUse, usesChange } from './run-uses.ts'

/** The ref to the tree of runs. */
export const RUNS_REF = '_varve/runs'

export interface ListedRun extends RunNumber, RunEntry {}

/** Runs, by their names and then newest first; of one name alone if it is given. Reads no run, only the tree. */
export async function* listRuns(repository: BlockRepository, name?: string): AsyncGenerator<ListedRun> {
  const tree = await repository.getRef(RUNS_REF)
  if (tree === undefined) return
  for await (const { key, value } of scanTree(repository, tree, runEntryCodec, name === undefined ? {} : { prefix: runKeyPrefix(name) })) yield { ...parseRunKey(key), ...value }
}

/** One run, if there is one. Reads a few nodes. */
export async function getRun(repository: BlockRepository, run: RunNumber): Promise<ListedRun | undefined> {
  const tree = await repository.getRef(RUNS_REF)
  const entry = tree === undefined ? undefined : await getValue(repository, tree, runEntryCodec, runKey(run))
  return entry === undefined ? undefined : { ...run, ...entry }
}

/** Many runs, in the order of their keys, without those that are not there. Reads each node once, whatever the number of runs. */
export async function* getRuns(repository: BlockRepository, runs: readonly RunNumber[]): AsyncGenerator<ListedRun> {
  const tree = await repository.getRef(RUNS_REF)
  if (tree === undefined || runs.length === 0) return
  const cursor = await TreeCursor.open(repository, runEntryCodec, tree)
  for (const { run, key } of runs.map((one) => ({ run: one, key: runKey(one) })).sort((a, b) => compareBytes(a.key, b.key))) {
    await cursor.seek(key)
    const { item } = cursor
    if (item !== undefined && equalBytes(item.key, key)) yield { name: run.name, number: run.number, ...item.value }
  }
}

/** Runs that are not over, in the order of their keys. Reads no run, and of the tree of runs only where they stand. */
export async function* listOpenRuns(repository: BlockRepository): AsyncGenerator<ListedRun> {
  const open = await repository.getRef(OPEN_REF)
  if (open === undefined) {
    for await (const run of listRuns(repository)) if (!run.isOver) yield run
    return
  }
  const noted: RunNumber[] = []
  for await (const { key } of scanTree(repository, open, linkCodec)) noted.push(parseRunKey(key))
  for await (const run of getRuns(repository, noted)) if (!run.isOver) yield run
}

export interface RunCommit {
  readonly message: string
  readonly actor: string | null
  /** Roots that the session has stored whole: should they have been dropped, they are there again. */
  readonly whole?: readonly CID[]
}

/** Commits the start of a run, with all that the session has stored, and gives it its number. */
export async function commitStart(repository: BlockRepository, session: Session, { name, start, inputs, code, reproduces, ...request }: RunCommit & Pick<RunStart, 'name' | 'inputs' | 'code' | 'reproduces'> & { readonly start: CID }): Promise<RunNumber> {
  const uses = [...inputs.map(({ root }) => use('input', root)), ...maybe('code', code), ...maybe('original', reproduces)]
  const { run } = await commitEntry(repository, session, request, async () => {
    const { value: newest } = await listRuns(repository, name).next()
    return { run: { name, number: (newest?.number ?? 0) + 1 }, uses, action: 'run', entry: { start, record: null, isOver: false } }
  })
  return run
}

/**
 * Commits what came of a run, with all that the session has stored.
 * @param recordOf gives the record, knowing the one before it; asked again whenever another writer was first
 * @returns the record's CID
 * @throws SealedError if the run is over already, whoever ended it
 */
export async function commitRecord(repository: BlockRepository, session: Session, { name, number, start }: RunNumber & { readonly start: CID }, recordOf: (before: RunRecord | null) => RunRecord, request: RunCommit): Promise<CID> {
  const run = { name, number }
  let cid = start
  await commitEntry(repository, session, request, async () => {
    const known = await getRun(repository, run)
    if (known?.start.equals(start) !== true) throw new NotFoundError(`The run ${runLabel(run)} is not in the repository any more`, { data: { run: runLabel(run) } })
    const checkpoint = known.record === null ? null : await readCheckpoint(repository, known.record)
    const before = checkpoint?.whole ?? null
    if (known.isOver && known.record !== null) {
      const how = before === null ? '' : `: it ended as ${before.status}${before.reason === null ? '' : `, ${before.reason}`}`
      throw new SealedError(`The run ${runLabel(run)} is over, and its record is sealed${how}`, { data: { run: runLabel(run), record: cidText(known.record) } })
    }
    const record = recordOf(before)
    cid = await session.put(DAG_CBOR_CODE, encodeNextRecord(record, checkpoint))
    const earlier = new Map(before?.artifacts.map(({ name: artifact, root }) => [artifact, root]))
    const isNew = ({ name: artifact, root }: RunArtifact): boolean => earlier.get(artifact)?.equals(root) !== true
    const uses = [...record.artifacts.filter(isNew).map(({ root }) => use('artifact', root)), ...maybe('metrics', record.metrics), ...maybe('log', record.log)]
    const isOver = record.status !== 'running'
    return { run, uses, action: isOver ? 'run-end' : 'run-checkpoint', entry: { start, record: cid, isOver } }
  })
  return cid
}

interface RunEdit {
  readonly run: RunNumber
  readonly entry: RunEntry
  readonly action: string
  /** What is used for the first time. */
  readonly uses: readonly Pick<NewUse, 'root' | 'kind'>[]
}

async function commitEntry(
  repository: BlockRepository, session: Session, request: RunCommit, next: () => Promise<RunEdit>,
): Promise<{ readonly run: RunNumber }> {
  for (;;) {
    const tree = (await repository.getRef(RUNS_REF)) ?? null
    const { run, entry, uses, action } = await next()
    const target = await editTree(session, session, tree, runEntryCodec, [{ key: runKey(run), value: entry }])
    const changes = [
      await usesChange(repository, session, uses.map((one) => ({ ...one, ...run, start: entry.start }))),
      entry.isOver && entry.record !== null ? await summariesChange(repository, session, [{ ...run, start: entry.start, record: entry.record }]) : undefined,
      await openRunsChange(repository, session, [{ ...run, start: entry.start, isOver: entry.isOver }], () => listOpenRuns(repository)),
    ]
    try {
      await session.commit({ ...request, action, refs: [{ name: RUNS_REF, expected: tree, target, own: true }, ...changes.flatMap((change) => change ?? [])] })
      return { run }
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
      await repository.refresh()
    }
  }
}

function use(kind: NewUse['kind'], root: CID): Pick<NewUse, 'root' | 'kind'> {
  return { root, kind }
}

function maybe(kind: NewUse['kind'], root: CID | null): readonly Pick<NewUse, 'root' | 'kind'>[] {
  return root === null ? [] : [use(kind, root)]
}
