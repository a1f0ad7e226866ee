import { type CID, cidText } from '../cid/cid.ts'
import type { Repository } from '../dataset/repository.ts'
import { resolveRecord } from '../dataset/revision.ts'
import { readSnapshot } from '../dataset/snapshot-object.ts'
import { NotFoundError } from '../errors.ts'
import { openManifest } from '../manifest/manifest.ts'
import { pathToText } from '../manifest/path.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { CidText, JsonValue } from '../types.ts'
import { readDerivation, readEnvironment } from './derivation-object.ts'
import { parseDerivedSource } from './derived-source.ts'
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

/** All that is known of how a dataset was derived. Plain data, ready for JSON. */
export interface Explanation {
  readonly root: CidText
  readonly output: string
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
 * How a revision was derived: by what its snapshot says, or, for a bare root, by any derivation that gave it.
 * @throws NotFoundError if it was not derived
 */
export async function explainRevision({ blocks }: Repository, revision: string): Promise<Explanation> {
  const { root, snapshot } = await resolveRecord(blocks, revision)
  const source = snapshot === undefined ? undefined : parseDerivedSource((await readSnapshot(blocks, snapshot)).source)
  // A snapshot that came from another repository names a derivation that is there.
  const stated = source !== undefined && (await blocks.has(source.derivation)) ? source : undefined
  const found = stated ?? (await derivationOf(blocks, root))
  if (found === undefined) {
    throw new NotFoundError(`${revision} was not derived: no recipe is known that gave ${cidText(root)}`, { data: { revision, root: cidText(root) }, hint: source === undefined ? '`varve log` shows where a snapshot came from.' : 'Its snapshot names a derivation that is in the repository it came from.' })
  }
  return explain(blocks, root, found.derivation, found.output)
}

async function explain(blocks: BlockRepository, root: CID, cid: CID, output: string): Promise<Explanation> {
  const derivation = await readDerivation(blocks, cid)
  const { code, ...recipe } = await readRecipe(blocks, derivation.recipe)
  const { policy, facts } = await readEnvironment(blocks, derivation.environment)
  const files: string[] = []
  for await (const { path } of (await openManifest(blocks, code.files)).entries()) files.push(pathToText(path))
  const { runs } = await recall(blocks, cid)
  return {
    root: cidText(root), output, derivation: cidText(cid), recipe: { ...recipe, cid: cidText(derivation.recipe) },
    code: { root: cidText(code.files), files, packages: code.packages, open: code.open },
    inputs: derivation.inputs.map(({ name, root: input }) => ({ name, root: cidText(input) })),
    params: derivation.params, seed: derivation.seed, environment: { policy, facts: Object.fromEntries(facts) }, runs: runs.map(runInfo),
  }
}

function runInfo({ cid, status, reason, started, ended, host, outputs, log, mathRandomCalls, units }: RememberedRun): RunInfo {
  const parts = units === null ? null : { ran: units.ran, remembered: units.remembered, basis: units.basis, written: cidText(units.written) }
  return { run: cidText(cid), status, reason, started, ended, host, outputs: outputs.map(({ name, root }) => ({ name, root: cidText(root) })), log: cidText(log), mathRandomCalls, units: parts }
}

async function derivationOf(blocks: BlockRepository, root: CID): Promise<{ readonly derivation: CID; readonly output: string } | undefined> {
  for await (const { derivation, runs } of remembered(blocks)) {
    for (const { outputs } of runs) {
      const output = outputs.find((candidate) => candidate.root.equals(root))
      if (output !== undefined) return { derivation, output: output.name }
    }
  }
  return undefined
}
