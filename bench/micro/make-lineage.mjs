import { loadSources } from './load-sources.mjs'

const FILES = 40
const PACKAGES = 60
const RAW = 0x55
const DAG_CBOR = 0x71
const AUTHOR = 'bench'

/**
 * A repository of many runs, without running anything: a dataset with a history, features derived from each of its snapshots, and runs that read features and labels and made weights, metrics and a log; some of them
 * are models. Runs are committed together, which is what a repository looks like after a repack.
 * @param {string} folder
 * @param {{ runs: number, snapshots: number, models: number }} amounts
 */
export async function makeLineage(folder, { runs, snapshots, models }) {
  const varve = await loadSources([
    'node/open-repository', 'cid/cid', 'manifest/manifest', 'manifest/edit-tree', 'recipe/derivation-object', 'recipe/recipe-object', 'recipe/memory', 'run/run-object', 'run/run-tree', 'run/run-entry', 'run/run-uses', 'run/run-summaries', 'run/run-key', 'run/config/resolve-config',
    'registry/model-tree',
  ])
  const repository = await varve.openRepository(folder, { create: true })
  const { blocks } = repository
  const codeOf = await repository.snapshot([{ path: 'train.mjs', content: 'train()' }], { ref: 'code/train' })
  const labels = varve.parseCid((await repository.snapshot([{ path: 'labels.csv', content: 'a,b' }], { ref: 'labels' })).root)
  const code = varve.parseCid(codeOf.root)
  /** @type {any[]} */
  const features = []
  for (let number = 0; number < snapshots; number++) {
    const entries = Array.from({ length: FILES }, (_, file) => ({ path: `part-${String(file).padStart(2, '0')}.csv`, content: `${file} ${Math.floor((number + file) / FILES)}` }))
    const { root } = await repository.snapshot(entries, { ref: 'covid/raw', message: `day ${number}` })
    features.push(await derive(varve, blocks, varve.parseCid(root), code, number))
  }
  const made = await makeRuns(varve, blocks, { runs, labels, code, features })
  for (const { start, record, weights } of made.slice(0, models)) {
    await varve.commitVersion(blocks, { name: 'digits', artifact: 'model', root: weights, run: start, record, evaluation: { metrics: { accuracy: 0.9 }, revision: 'labels', snapshot: null, root: labels }, why: 'bench', by: AUTHOR, at: '2026-01-01T00:00:00.000Z' })
  }
  await repository.close()
}

/** @param {any} varve @param {any} blocks @param {any} raw @param {any} code @param {number} number */
async function derive(varve, blocks, raw, code, number) {
  return blocks.withSession(async (/** @type {any} */ session) => {
    const features = await dataset(varve, session, `features ${number}`)
    const recipe = await session.put(DAG_CBOR, varve.encodeRecipe({ name: 'features', version: null, action: { kind: 'command', words: ['true'] }, code: { files: code, packages: [], open: [] }, inputs: ['raw'], outputs: ['rows'], deterministic: 'bitwise', environment: 'none', map: null }))
    const environment = await session.put(DAG_CBOR, varve.encodeEnvironment({ policy: 'none', facts: [] }))
    const derivation = await session.put(DAG_CBOR, varve.encodeDerivation({ recipe, inputs: [{ name: 'raw', root: raw }], params: {}, seed: '0', environment }))
    const time = '2026-01-01T00:00:00.000Z'
    await varve.remember(blocks, session, { derivation, status: 'succeeded', reason: null, started: time, ended: time, host: 'bench', outputs: [{ name: 'rows', root: features }], log: await dataset(varve, session, 'log'), exitCode: 0, signal: null, mathRandomCalls: 0, units: null }, { action: 'derive', message: 'bench' })
    return features
  })
}

/** @param {any} varve @param {any} blocks @param {{ runs: number, labels: any, code: any, features: readonly any[] }} of */
async function makeRuns(varve, blocks, { runs, labels, code, features }) {
  return blocks.withSession(async (/** @type {any} */ session) => {
    /** @type {{ start: any, record: any, weights: any }[]} */
    const made = []
    /** @type {any[]} */
    const edits = []
    /** @type {any[]} */
    const uses = []
    /** @type {any[]} */
    const sealed = []
    for (let at = 0; at < runs; at++) {
      const run = { name: 'train', number: at + 1 }
      const inputs = [{ name: 'train', revision: `features~${at}`, snapshot: null, root: features[at % features.length] }, { name: 'labels', revision: 'labels', snapshot: null, root: labels }]
      const start = await session.put(DAG_CBOR, varve.encodeRunStart(startOf(at, inputs, code, varve.resolveConfig({ program: { rate: at } }))))
      const [weights, metrics, log] = [await dataset(varve, session, `weights ${at}`), await dataset(varve, session, `metrics ${at}`), await dataset(varve, session, `log ${at}`)]
      const record = await session.put(DAG_CBOR, varve.encodeRunRecord({ start, status: 'succeeded', reason: null, exitCode: 0, signal: null, ended: '2026-01-01T01:00:00.000Z', final: { loss: at / runs, accuracy: 0.5 }, metrics, log, artifacts: [{ name: 'model', root: weights, files: 1, bytes: 10 }] }))
      made.push({ start, record, weights })
      sealed.push({ ...run, start, record })
      edits.push({ key: varve.runKey(run), value: { start, record, isOver: true } })
      for (const [root, kind] of [...inputs.map((input) => [input.root, 'input']), [code, 'code'], [weights, 'artifact'], [metrics, 'metrics'], [log, 'log']]) uses.push({ ...run, start, root, kind })
    }
    edits.sort((a, b) => Buffer.compare(a.key, b.key))
    const target = await varve.editTree(session, session, null, varve.runEntryCodec, edits)
    await session.commit({ action: 'bench', refs: [{ name: varve.RUNS_REF, expected: null, target, own: true }, await varve.usesChange(blocks, session, uses), await varve.summariesChange(blocks, session, sealed)] })
    return made
  })
}

/** A start of some 10 KB, as a project with a few packages has it. @param {number} at @param {readonly any[]} inputs @param {any} code @param {any} config */
function startOf(at, inputs, code, config) {
  const installed = Array.from({ length: PACKAGES }, (_, number) => ({ name: `package-${number}`, version: `1.${number}.0`, integrity: `sha512-${String(number).padStart(86, 'x')}==` }))
  const runtime = { versions: process.versions, execArgv: [], platform: process.platform, architecture: process.arch, system: 'bench', cpu: { model: 'bench', threads: 2 }, memoryBytes: 1, libc: null, gpus: null }
  return {
    name: 'train', why: `rate ${at}`, tags: [], inputs, config, seed: String(at), command: ['node', 'train.mjs'], cwd: '', outputs: [],
    capture: { git: null, packages: { lockFile: null, installed, differences: [] }, python: null, leftOut: [], runtime, container: null, environment: {}, argv: [], ci: null, missing: [], redacted: [] }, code, reproduces: null,
    started: '2026-01-01T00:00:00.000Z', process: { host: 'bench', hostId: '000000000000', id: 1, began: null }, nonce: String(at).padStart(16, '0'),
  }
}

/** A manifest of one small file. @param {any} varve @param {any} session @param {string} content */
async function dataset(varve, session, content) {
  const bytes = Buffer.from(content)
  const cid = await session.put(RAW, bytes)
  const builder = new varve.ManifestBuilder(session, 'fastcdc2020-64K-256K-1M')
  await builder.add({ path: Buffer.from('file'), value: { kind: 'file', size: bytes.length, cid } })
  return (await builder.finish()).root
}
