import { type CID, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { ChunkedContentStore } from '../../src/dataset/content-store.ts'
import { storeEntries } from '../../src/dataset/input-entries.ts'
import type { Repository } from '../../src/dataset/repository.ts'
import { encodeDerivation, encodeEnvironment } from '../../src/recipe/derivation-object.ts'
import type { Derivation, DerivationRun, Determinism, NamedRoot, Recipe, RunStatus } from '../../src/recipe/interface.ts'
import { remember } from '../../src/recipe/memory.ts'
import { encodeRecipe } from '../../src/recipe/recipe-object.ts'
import type { Session } from '../../src/repository/index.ts'

/** A dataset of one file, in the session. */
export async function dataset(repository: Repository, session: Session, content: string): Promise<CID> {
  return (await storeEntries(session, new ChunkedContentStore(session, session), [{ path: 'file', content }], { chunker: repository.blocks.config.chunker })).root
}

export function recipeOf(files: CID, name: string, deterministic: Determinism = 'bitwise'): Recipe {
  return {
    name, version: null, action: { kind: 'command', words: ['true'] }, code: { files, packages: [], open: [] }, inputs: ['in'], outputs: ['out'], deterministic, environment: 'none', map: null,
  }
}

export interface MadeUp {
  readonly name?: string
  readonly from: string
  readonly to: string
  readonly deterministic?: Determinism
  readonly status?: RunStatus
}

/** Remembers a run that made the dataset of one text from that of another, without running anything. */
export async function pretend(repository: Repository, { name = 'step', from, to, deterministic, status = 'succeeded' }: MadeUp): Promise<{ readonly derivation: CID; readonly output: CID }> {
  const { blocks } = repository
  return blocks.withSession(async (session) => {
    const recipe = await session.put(DAG_CBOR_CODE, encodeRecipe(recipeOf(await dataset(repository, session, `code of ${name}`), name, deterministic)))
    const environment = await session.put(DAG_CBOR_CODE, encodeEnvironment({ policy: 'none', facts: [] }))
    const inputs: NamedRoot[] = [{ name: 'in', root: await dataset(repository, session, from) }]
    const bound: Derivation = { recipe, inputs, params: {}, seed: '0', environment }
    const derivation = await session.put(DAG_CBOR_CODE, encodeDerivation(bound))
    const output = await dataset(repository, session, to)
    await remember(blocks, session, runOf(derivation, status, status === 'succeeded' ? [{ name: 'out', root: output }] : [], await dataset(repository, session, 'log')), { action: 'derive', message: name })
    return { derivation, output }
  })
}

let clock = 0

export function runOf(derivation: CID, status: RunStatus, outputs: readonly NamedRoot[], log: CID): DerivationRun {
  const at = new Date(Date.UTC(2026, 0, 1) + clock++ * 1000).toISOString()
  return { derivation, status, reason: status === 'succeeded' ? null : 'as told', started: at, ended: at, host: 'test', outputs, log, exitCode: 0, signal: null, mathRandomCalls: 0, units: null }
}
