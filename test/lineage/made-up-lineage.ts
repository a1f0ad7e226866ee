import { type CID, cidText, DAG_CBOR_CODE, parseCid } from '../../src/cid/cid.ts'
import { ChunkedContentStore } from '../../src/dataset/content-store.ts'
import { storeEntries } from '../../src/dataset/input-entries.ts'
import type { Repository } from '../../src/dataset/repository.ts'
import { encodeDerivation, encodeEnvironment } from '../../src/recipe/derivation-object.ts'
import { remember } from '../../src/recipe/memory.ts'
import { encodeRecipe } from '../../src/recipe/recipe-object.ts'
import { commitVersion, type ListedVersion } from '../../src/registry/model-tree.ts'
import { resolveConfig } from '../../src/run/config/resolve-config.ts'
import type { RunRecord, RunStart } from '../../src/run/interface.ts'
import { runLabel, type RunNumber } from '../../src/run/run-key.ts'
import { encodeRunStart } from '../../src/run/run-object.ts'
import { commitRecord, commitStart } from '../../src/run/run-tree.ts'
import { recipeOf, runOf } from '../recipe/made-up-derivations.ts'

type Roots = Readonly<Record<string, CID>>

/** A dataset that is stored, and that nothing names. */
export async function store(repository: Repository, files: Readonly<Record<string, string | Uint8Array>>): Promise<CID> {
  return repository.blocks.withSession(async (session) => {
    const { root } = await storeEntries(session, new ChunkedContentStore(session, session), entriesOf(files), { chunker: repository.blocks.config.chunker })
    await session.commit({ action: 'test' })
    return root
  })
}

/** A derivation that was run once. */
export async function derived(repository: Repository, { name = 'extract', inputs, outputs, code }: { readonly name?: string; readonly inputs: Roots; readonly outputs: Roots; readonly code?: CID }): Promise<CID> {
  const files = code ?? (await store(repository, { 'code.mjs': `code of ${name}` }))
  const log = await store(repository, { 'stdout.txt': '' })
  return repository.blocks.withSession(async (session) => {
    const recipe = await session.put(DAG_CBOR_CODE, encodeRecipe({ ...recipeOf(files, name), inputs: Object.keys(inputs), outputs: Object.keys(outputs) }))
    const environment = await session.put(DAG_CBOR_CODE, encodeEnvironment({ policy: 'none', facts: [] }))
    const derivation = await session.put(DAG_CBOR_CODE, encodeDerivation({ recipe, inputs: named(inputs), params: {}, seed: '0', environment }))
    await remember(repository.blocks, session, runOf(derivation, 'succeeded', named(outputs), log), { action: 'derive', message: name })
    return derivation
  })
}

export interface MadeUpRun {
  readonly name?: string
  readonly why?: string
  readonly inputs?: Roots
  readonly code?: CID | null
  readonly artifacts?: Roots
  readonly metrics?: CID | null
  readonly log?: CID | null
  readonly reproduces?: CID | null
  readonly final?: RunRecord['final']
  /** `running`: only the start. */
  readonly status?: RunRecord['status']
}

export interface MadeRun extends RunNumber {
  readonly label: string
  readonly start: CID
  readonly record: CID | null
}

let nonce = 0

/** A run as it is recorded, without anything that ran. */
export async function run(repository: Repository, made: MadeUpRun = {}): Promise<MadeRun> {
  const { blocks } = repository
  const { status = 'succeeded' } = made
  return blocks.withSession(async (session) => {
    const start = startOf(made)
    const cid = await session.put(DAG_CBOR_CODE, encodeRunStart(start))
    const number = await commitStart(blocks, session, { ...start, start: cid, message: start.name, actor: null })
    const record = status === 'running' ? null : await commitRecord(blocks, session, { ...number, start: cid }, () => recordOf(cid, made), { message: start.name, actor: null })
    return { ...number, label: runLabel(number), start: cid, record }
  })
}

export function startOf({ name = 'train', why, inputs = {}, code = null, reproduces = null }: MadeUpRun): RunStart {
  return {
    name, why: why ?? null, tags: [], inputs: Object.entries(inputs).map(([input, root]) => ({ name: input, revision: cidText(root), snapshot: null, root })), config: resolveConfig({}), seed: '7', command: null, cwd: '', outputs: [],
    capture: {
      git: null, packages: null, python: null, leftOut: [], container: null, environment: {}, argv: [], ci: null, missing: [], redacted: [],
      runtime: { versions: {}, execArgv: [], platform: 'test', architecture: 'test', system: 'test', cpu: { model: 'test', threads: 1 }, memoryBytes: 1, libc: null, gpus: null },
    },
    code, reproduces, started: '2026-01-01T00:00:00.000Z', process: { host: 'test', hostId: '000000000000', id: 1, began: null }, nonce: String(nonce++).padStart(16, '0'),
  }
}

export function recordOf(start: CID, { artifacts = {}, metrics = null, log = null, final = {}, status = 'succeeded' }: MadeUpRun): RunRecord {
  return {
    start, status, reason: status === 'failed' ? 'as told' : null, exitCode: null, signal: null, ended: status === 'running' ? null : '2026-01-01T01:00:00.000Z', final, metrics, log,
    artifacts: named(artifacts).map((artifact) => ({ ...artifact, files: 1, bytes: 1 })),
  }
}

/** A version without any of the checks of registering. */
export async function model(repository: Repository, name: string, root: CID, { start, record }: MadeRun, evaluatedOn?: CID): Promise<ListedVersion> {
  const evaluation = evaluatedOn === undefined ? null : { metrics: { accuracy: 0.98 }, revision: cidText(evaluatedOn), snapshot: null, root: evaluatedOn }
  return commitVersion(repository.blocks, { name, artifact: 'model', root, run: start, record: record ?? start, evaluation, why: null, by: null, at: '2026-01-02T00:00:00.000Z' })
}

function named(roots: Roots): { readonly name: string; readonly root: CID }[] {
  return Object.entries(roots).map(([name, root]) => ({ name, root }))
}

export interface WholeWay extends Readonly<Record<'raw' | 'features' | 'held' | 'derivation' | 'extractCode' | 'code' | 'weights' | 'metrics' | 'log', CID>> {
  readonly train: MadeRun
  readonly digits: ListedVersion
}

/** From raw data to a model that was evaluated. */
export async function wholeWay(repository: Repository): Promise<WholeWay> {
  const raw = await snapshotRoot(repository, 'covid/raw', { 'a.csv': '1', 'b/c.csv': '2' }, 'as downloaded')
  const features = await snapshotRoot(repository, 'covid/features', { 'rows.jsonl': '[1,2]' }, '')
  const held = await snapshotRoot(repository, 'covid/test', { 'test.csv': '3' }, 'held back')
  const extractCode = await store(repository, { 'extract.mjs': 'extract()' })
  const derivation = await derived(repository, { name: 'extract', inputs: { raw }, outputs: { rows: features }, code: extractCode })
  const [code, weights, metrics, log] = [await store(repository, { 'train.mjs': 'train()' }), await store(repository, { model: 'weights' }), await store(repository, { loss: 'numbers' }), await store(repository, { 'stdout.txt': 'done' })]
  const train = await run(repository, { inputs: { train: features }, code, artifacts: { model: weights }, metrics, log, why: 'a smaller rate', final: { loss: 0.25 } })
  const digits = await model(repository, 'digits', weights, train, held)
  return { raw, features, held, derivation, extractCode, code, weights, metrics, log, train, digits }
}

export async function snapshotRoot(repository: Repository, ref: string, files: Readonly<Record<string, string | Uint8Array>>, message = ''): Promise<CID> {
  return parseCid((await repository.snapshot(entriesOf(files), { ref, message })).root)
}

function entriesOf(files: Readonly<Record<string, string | Uint8Array>>): { readonly path: string; readonly content: string | Uint8Array }[] {
  return Object.entries(files).map(([path, content]) => ({ path, content }))
}
