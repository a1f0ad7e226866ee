import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CID, cidFromDigest, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { decodeCbor, encodeCbor } from '../../src/codec/dag-cbor.ts'
import { VarveError } from '../../src/errors.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { dockerfile, runScript } from '../../src/node/run/fetched-command.ts'
import { reproduceText } from '../../src/node/run/reproduce-text.ts'
import { checkCommitted } from '../../src/registry/check/rules/committed.ts'
import { checkImage } from '../../src/registry/check/rules/image.ts'
import { checkPackages } from '../../src/registry/check/rules/packages.ts'
import type { Capture } from '../../src/run/capture-interface.ts'
import { compareEnvironments } from '../../src/run/compare-environments.ts'
import { resolveConfig } from '../../src/run/config/resolve-config.ts'
import { describeRunStart } from '../../src/run/describe-run.ts'
import { environmentKey } from '../../src/run/environment-key.ts'
import type { FoundRun } from '../../src/run/find-run.ts'
import type { RunStart } from '../../src/run/interface.ts'
import { runDocument } from '../../src/run/run-document.ts'
import { codeFacts, packageFacts, runtimeFacts } from '../../src/run/run-facts.ts'
import { encodeRunStart, readRunStart } from '../../src/run/run-object.ts'
import type { JsonValue } from '../../src/types.ts'
import { fuzz } from './fuzz.ts'

const hasher = nodePlatform.hasher('sha2-256')
const link = (byte: number): CID => cidFromDigest(hasher, DAG_CBOR_CODE, new Uint8Array(32).fill(byte))
const sourceOf = (bytes: Uint8Array) => ({ get: async () => bytes })

/** Everything is there, so that everything can be spoilt. */
const CAPTURE: Capture = {
  git: { commit: 'c'.repeat(40), branch: 'main', remotes: { origin: 'https://example.org/r' }, isPushed: true, dirty: [{ path: 'a.mjs', status: '.M' }], tree: 't'.repeat(40), submodules: [{ path: 'lib', commit: 'd'.repeat(40), isDirty: false }] },
  python: null, leftOut: [],
  packages: { lockFile: { path: 'package-lock.json', sha256: '0'.repeat(64) }, installed: [{ name: 'zod', version: '4.1.0', integrity: 'sha512-A' }, { name: 'ms', version: '2.0.0', integrity: null }], differences: ['ms: locked 2.1.0, installed 2.0.0'] },
  runtime: { versions: { node: '20.19.0' }, execArgv: ['--no-warnings'], platform: 'linux', architecture: 'x64', system: 'Linux 6', cpu: { model: 'made up', threads: 2 }, memoryBytes: 1024, libc: 'glibc 2.36', gpus: ['A100'] },
  container: { digest: `sha256:${'b'.repeat(64)}`, source: 'ecs' }, environment: { LANG: 'C' }, argv: ['node', 'train.mjs'], ci: { system: 'GitHub', run: '7', url: null }, missing: ['No GPU is known'], redacted: ['argv[2]'],
}
const START: RunStart = {
  name: 'train', why: 'to see', tags: ['a'], inputs: [{ name: 'train', revision: 'data', snapshot: null, root: link(1) }], config: resolveConfig({ program: { rate: 0.1 } }), seed: '7', command: ['node', 'train.mjs'], cwd: '', outputs: [{ name: 'model', path: 'out' }],
  capture: CAPTURE, code: link(2), reproduces: null, started: '2026-01-01T00:00:00.000Z', process: { host: 'test', hostId: '0'.repeat(12), id: 1, began: null }, nonce: '0'.repeat(16),
}

/** Whatever looks at a start, as it would be looked at. */
function use(started: RunStart): void {
  const run: FoundRun = { name: 'train', number: 1, start: link(9), record: null, isOver: false, label: 'train#1', started, ended: null }
  const { capture } = started
  describeRunStart({ id: link(9).toString() as never, label: 'train#1' }, started)
  JSON.stringify(runDocument(run))
  environmentKey(capture)
  for (const facts of [codeFacts(started), packageFacts(capture), runtimeFacts(started)]) for (const fact of facts.values()) if (typeof fact !== 'string') throw new TypeError('a fact is no text')
  compareEnvironments(started, START)
  compareEnvironments(START, started)
  for (const check of [checkPackages, checkImage, checkCommitted]) check(capture)
  reproduceText(run, undefined)
  dockerfile(run, 'node@sha256:0')
  runScript(run)
}

/** Ways to every value in it. */
function pathsOf(value: JsonValue, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, Array.isArray(value) ? Number(key) : key]))]
}

function spoilt(value: JsonValue, [first, ...rest]: readonly (string | number)[], by: JsonValue | undefined): JsonValue {
  if (first === undefined) return by ?? null
  if (typeof value !== 'object' || value === null) return value
  const change = (item: JsonValue | undefined): JsonValue | undefined => (rest.length === 0 ? by : spoilt(item ?? null, rest, by))
  if (Array.isArray(value)) return (value as readonly JsonValue[]).flatMap((item, at) => (at === first ? (change(item) ?? []) : [item])) as JsonValue
  return Object.fromEntries(Object.entries(value as { readonly [key: string]: JsonValue }).flatMap(([key, item]) => (key === first ? (change(item) === undefined ? [] : [[key, change(item) as JsonValue]]) : [[key, item]])))
}

const PATHS = pathsOf(CAPTURE as unknown as JsonValue).filter(({ length }) => length > 0)
const HOSTILE: readonly (JsonValue | undefined)[] = [undefined, null, 0, -1.5, true, '', 'text', [], {}, [null], [[]], [{}], ['text'], [5], { length: 3 }, { toString: 'x' }, { a: null }, { node: 5 }, { path: 'x' }, [{ name: 'zod' }], JSON.parse('{"__proto__":{"x":1}}') as JsonValue]

async function read(capture: JsonValue): Promise<RunStart> {
  const fields = decodeCbor(encodeRunStart(START)) as Record<string, unknown>
  return readRunStart(sourceOf(encodeCbor({ ...fields, capture: JSON.stringify(capture) })), link(0))
}

describe('a capture in which something is not what it should be', () => {
  it('is refused as malformed, or is of use to all that look at it', async () => {
    const seen = { refused: 0, used: 0 }
    const spoil = fc.array(fc.tuple(fc.constantFrom(...PATHS), fc.constantFrom(...HOSTILE)), { minLength: 1, maxLength: 3 })
    await fc.assert(fc.asyncProperty(spoil, async (changes) => {
      const capture = changes.reduce<JsonValue>((value, [path, by]) => spoilt(value, path, by), CAPTURE as unknown as JsonValue)
      try {
        use(await read(capture))
        seen.used++
      } catch (error) {
        if (!(error instanceof VarveError) || error.code !== 'MALFORMED_DATA') throw error
        seen.refused++
      }
    }), { numRuns: 2000 })
    expect(Math.min(seen.refused, seen.used)).toBeGreaterThan(200)
  }, 60_000)

  it.each<[string, object, string]>([
    ['a dirty path that is no text', { git: { ...CAPTURE.git, dirty: [{ path: 5, status: '.M' }] } }, 'text as git.dirty[0].path, not 5'],
    ['a package that is no map', { packages: { ...CAPTURE.packages, installed: [{ name: 'zod', version: '4', integrity: null }, 'ms'] } }, 'a map as packages.installed[1], not "ms"'],
    ['a package without a version', { packages: { ...CAPTURE.packages, installed: [{ name: 'zod' }] } }, 'text as packages.installed[0].version, not undefined'],
    ['a commit that is a map', { git: { ...CAPTURE.git, commit: {} } }, 'text as git.commit'],
    ['a lock file without a path', { packages: { ...CAPTURE.packages, lockFile: { sha256: '0' } } }, 'text as packages.lockFile.path'],
    ['a variable that is a number', { environment: { LANG: 5 } }, 'text as environment.LANG, not 5'],
    ['GPUs that are no list', { runtime: { ...CAPTURE.runtime, gpus: 'A100' } }, 'a list as runtime.gpus, not "A100"'],
    ['a submodule of which it is not known whether it is dirty', { git: { ...CAPTURE.git, submodules: [{ path: 'lib', commit: 'd' }] } }, 'true or false as git.submodules[0].isDirty'],
  ])('such as %s is told', async (_what, change, message) => {
    await expect(read({ ...CAPTURE, ...change } as unknown as JsonValue)).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringContaining(message) as string })
  })
})

it('a start of which some bytes are others is refused, or is of use to all that look at it', async () => {
  const { read: good, refused } = await fuzz({
    name: 'start of a run', samples: [encodeRunStart(START)], cbor: true, rounds: 2000,
    read: async (bytes) => use(await readRunStart(sourceOf(bytes), link(0))),
  })
  expect(refused).toBeGreaterThan(100)
  expect(good).toBeGreaterThan(10)
}, 60_000)
