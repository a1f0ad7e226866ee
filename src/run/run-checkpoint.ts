import type { CID } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { MalformedDataError } from '../errors.ts'
import type { RunArtifact, RunRecord } from './interface.ts'
import { encodeRunRecord, readStoredRecord, type StoredRecord } from './run-object.ts'

/** A run records each artifact as it is made. So many at most are told as what is new since a record that has all: with hundreds, records that each had all would come to megabytes. */
const MOST_NEW_ARTIFACTS = 32

/** The record of a run that a block holds, with the artifacts of the one that it adds to. @throws as `readStoredRecord`; MalformedDataError if it adds to what it cannot */
export async function readRunRecord(source: BlockSource, cid: CID): Promise<RunRecord> {
  return (await readCheckpoint(source, cid)).whole
}

/** A record with all that it stands for, and the block that has most of that. */
export interface Checkpoint {
  readonly whole: RunRecord
  /** The record that has all of its own artifacts, and those. */
  readonly base: CID
  readonly known: readonly RunArtifact[]
}

export async function readCheckpoint(source: BlockSource, cid: CID): Promise<Checkpoint> {
  const stored = await readStoredRecord(source, cid)
  const { record, since } = stored
  if (since === null) return { whole: record, base: cid, known: record.artifacts }
  const { artifacts: known } = baseOf(stored, await readStoredRecord(source, since))
  return { whole: { ...record, artifacts: sorted([...known, ...record.artifacts]) }, base: since, known }
}

/** The block of a record that comes after another: of a run that goes on, with what is new alone, as long as that is little. */
export function encodeNextRecord(record: RunRecord, before: Checkpoint | null): Uint8Array {
  if (before === null || record.status !== 'running') return encodeRunRecord(record)
  const known = new Map(before.known.map((artifact) => [artifact.name, artifact]))
  const fresh = record.artifacts.filter((artifact) => !isSame(known.get(artifact.name), artifact))
  return fresh.length > MOST_NEW_ARTIFACTS || fresh.length + before.known.length !== record.artifacts.length ? encodeRunRecord(record) : encodeRunRecord({ ...record, artifacts: fresh }, before.base)
}

function baseOf({ record }: StoredRecord, base: StoredRecord): RunRecord {
  const names = new Set(base.record.artifacts.map(({ name }) => name))
  if (base.since !== null || base.record.status !== 'running' || !base.record.start.equals(record.start) || record.artifacts.some(({ name }) => names.has(name))) {
    throw new MalformedDataError('A record of a run adds to another one that it cannot add to')
  }
  return base.record
}

function isSame(a: RunArtifact | undefined, b: RunArtifact): boolean {
  return a !== undefined && a.root.equals(b.root) && a.files === b.files && a.bytes === b.bytes
}

function sorted(artifacts: readonly RunArtifact[]): readonly RunArtifact[] {
  return [...artifacts].sort((a, b) => (a.name < b.name ? -1 : 1))
}
