import { type CID, cidText } from '../cid/cid.ts'
import type { Repository } from '../dataset/repository.ts'
import { resolveRecord } from '../dataset/revision.ts'
import { snapshotRefs, walkHistory } from '../dataset/history.ts'
import { readSnapshot, type Snapshot } from '../dataset/snapshot-object.ts'
import { NotFoundError } from '../errors.ts'
import { openManifest } from '../manifest/manifest.ts'
import { pathToText } from '../manifest/path.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { CidText, JsonValue } from '../types.ts'
import { readDerivation, readEnvironment } from './derivation-object.ts'
import { isDerivedSource, parseDerivedSource } from './derived-source.ts'
import type { Recipe } from './interface.ts'
import { recall, remembered, type RememberedRun } from './memory.ts'
import { readRecipe } from './recipe-object.ts'

export interface NamedRootInfo {
  readonly name: string
  readonly root: CidText
}

export interface RunInfo {
  readonly run: CidText
  readonly status: string
  readonly reason: string | null
  readonly started: string
  readonly ended: string
  readonly host: string
  readonly outputs: readonly NamedRootInfo[]
  /** Manifest root of what the process wrote. */
  readonly log: CidText
  readonly mathRandomCalls: number | null
  /** Of a map recipe: how many units were called, and how many taken over from the run of which derivation; `written` is the tree of what each wrote. */
  readonly units: { readonly ran: number; readonly remembered: number; readonly basis: CidText | null; readonly written: CidText } | null
}

/** A snapshot of data that somebody brought. */
export interface SourceInfo {
  readonly snapshot: CidText
  readonly time: string
  readonly author: string | null
  readonly message: string
  /** Where it is from, if the snapshot says so. */
  readonly uri: string | null
}

/** All that is known of how a dataset was derived. Plain data, ready for JSON. */
export interface Explanation {
  readonly root: CidText
  /** Of data that was stored as a source, and that a recipe gave too: the snapshot. It did not come from the derivation, even if that has nothing else for an input. Null for what was only derived. */
  readonly source: SourceInfo | null
  readonly output: string
  /** Who derived it and when, as the snapshot of the output says; null for what has no such snapshot. The runs below say on which machine. */
  readonly derived: { readonly author: string | null; readonly time: string; readonly message: string } | null
  readonly derivation: CidText
  readonly recipe: Omit<Recipe, 'code'> & { readonly cid: CidText }
  readonly code: {
    readonly root: CidText
    readonly files: readonly string[]
    readonly packages: Recipe['code']['packages']
    readonly open: readonly string[]
  }
  readonly inputs: readonly NamedRootInfo[]
  readonly params: { readonly [key: string]: JsonValue }
  readonly seed: string
  readonly environment: { readonly policy: string; readonly facts: Readonly<Record<string, string>> }
  /** Oldest first. The first that succeeded is the one that counts. */
  readonly runs: readonly RunInfo[]
}

/**
 * How a revision was derived: by what its snapshot says, or, for a source and for a bare root, by any derivation that gave the same, best one that was not made from it. For a bare root, reads every
 * snapshot.
 * @throws NotFoundError if it was not derived
 */
export async function explainRevision({ blocks }: Repository, revision: string): Promise<Explanation> {
  const { root, snapshot } = await resolveRecord(blocks, revision)
  const record = snapshot === undefined ? undefined : await readSnapshot(blocks, snapshot)
  const source = record === undefined ? undefined : parseDerivedSource(record.source)
  // A snapshot that came from another repository names a derivation that is there.
  const stated = source !== undefined && (await blocks.has(source.derivation)) ? source : undefined
  const found = stated ?? (await derivationOf(blocks, root))
  if (found === undefined) {
    throw new NotFoundError(`${revision} was not derived: no recipe is known that gave ${cidText(root)}`, { data: { revision, root: cidText(root) }, hint: source === undefined ? '`varve log` shows where a snapshot came from.' : 'Its snapshot names a derivation that is in the repository it came from.' })
  }
  const brought = snapshot === undefined || record === undefined ? await sourceOf(blocks, root) : sourceInfo(snapshot, record)
  const derived = stated === undefined || record === undefined ? null : { author: record.author, time: record.time, message: record.message }
  return explain(blocks, root, found, { source: brought, derived })
}

/** Null for a snapshot of derived data. */
function sourceInfo(cid: CID, { source, time, author, message }: Snapshot): SourceInfo | null {
  return isDerivedSource(source) ? null : { snapshot: cidText(cid), time, author, message, uri: source?.uri ?? null }
}

/** A snapshot that somebody took of data with this root, if there is one. */
async function sourceOf(blocks: BlockRepository, root: CID): Promise<SourceInfo | null> {
  const seen = new Set<string>()
  for await (const { target } of snapshotRefs(blocks)) {
    for await (const { cid, snapshot } of walkHistory(blocks, target, seen)) {
      const found = snapshot.root.equals(root) ? sourceInfo(cid, snapshot) : null
      if (found !== null) return found
    }
  }
  return null
}

interface FoundDerivation {
  readonly derivation: CID
  readonly output: string
}

async function explain(blocks: BlockRepository, root: CID, { derivation: cid, output }: FoundDerivation, known: Pick<Explanation, 'source' | 'derived'>): Promise<Explanation> {
  const derivation = await readDerivation(blocks, cid)
  const { code, ...recipe } = await readRecipe(blocks, derivation.recipe)
  const { policy, facts } = await readEnvironment(blocks, derivation.environment)
  const files: string[] = []
  for await (const { path } of (await openManifest(blocks, code.files)).entries()) files.push(pathToText(path))
  const { runs } = await recall(blocks, cid)
  return {
    root: cidText(root), ...known, output, derivation: cidText(cid), recipe: { ...recipe, cid: cidText(derivation.recipe) },
    code: { root: cidText(code.files), files, packages: code.packages, open: code.open },
    inputs: derivation.inputs.map(({ name, root: input }) => ({ name, root: cidText(input) })),
    params: derivation.params, seed: derivation.seed, environment: { policy, facts: Object.fromEntries(facts) }, runs: runs.map(runInfo),
  }
}

function runInfo({ cid, status, reason, started, ended, host, outputs, log, mathRandomCalls, units }: RememberedRun): RunInfo {
  const parts = units === null ? null : { ran: units.ran, remembered: units.remembered, basis: units.basis, written: cidText(units.written) }
  return { run: cidText(cid), status, reason, started, ended, host, outputs: outputs.map(({ name, root }) => ({ name, root: cidText(root) })), log: cidText(log), mathRandomCalls, units: parts }
}

async function derivationOf(blocks: BlockRepository, root: CID): Promise<FoundDerivation | undefined> {
  let fromItself: FoundDerivation | undefined
  for await (const { derivation, runs } of remembered(blocks)) {
    for (const { outputs } of runs) {
      const output = outputs.find((candidate) => candidate.root.equals(root))
      if (output === undefined) continue
      const found = { derivation, output: output.name }
      if (!(await readDerivation(blocks, derivation)).inputs.some((input) => input.root.equals(root))) return found
      fromItself ??= found
      break
    }
  }
  return fromItself
}
