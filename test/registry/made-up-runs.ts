import { type CID, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { ChunkedContentStore } from '../../src/dataset/content-store.ts'
import { storeEntries } from '../../src/dataset/input-entries.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { resolveRevision } from '../../src/dataset/revision.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type Session } from '../../src/repository/index.ts'
import type { Capture, GitState, PackageState } from '../../src/run/capture-interface.ts'
import { resolveConfig } from '../../src/run/config/resolve-config.ts'
import type { RunArtifact, RunInput, RunOutcome, RunStart } from '../../src/run/interface.ts'
import { runLabel } from '../../src/run/run-key.ts'
import { encodeRunStart } from '../../src/run/run-object.ts'
import { commitRecord, commitStart } from '../../src/run/run-tree.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import type { JsonValue } from '../../src/types.ts'

/** A clock that is set by hand. */
export class Clock {
  #now: number

  constructor(time: string = '2026-11-25T10:00:00.000Z') {
    this.#now = Date.parse(time)
  }

  set(time: string): void {
    this.#now = Date.parse(time)
  }

  now(): Date {
    return new Date(this.#now)
  }
}

/** A new repository in memory, with a clock of its own if one is given. */
export async function createWith({ storage = new MemoryStorage(), clock }: { readonly storage?: MemoryStorage; readonly clock?: Clock } = {}): Promise<Repository> {
  return new Repository(await BlockRepository.create(storage, { platform: clock === undefined ? nodePlatform : { ...nodePlatform, now: () => clock.now() } }))
}

export const COMMIT: string = '1'.repeat(40)
export const CLEAN_GIT: GitState = { commit: COMMIT, branch: 'main', remotes: { origin: 'https://example.org/code.git' }, isPushed: true, dirty: [], tree: null, submodules: [] }
export const PACKAGES: PackageState = { lockFile: { path: 'package-lock.json', sha256: 'a'.repeat(64) }, installed: [{ name: 'zod', version: '4.1.0', integrity: 'sha512-AAAA' }], differences: [] }
export const CAPTURE: Capture = {
  git: CLEAN_GIT, packages: PACKAGES, python: null, leftOut: [], container: { digest: `sha256:${'b'.repeat(64)}`, source: 'ecs' }, environment: { LANG: 'C' }, argv: ['node', 'train.mjs'], ci: null, missing: [], redacted: [],
  runtime: { versions: { node: '24.0.0' }, execArgv: [], platform: 'linux', architecture: 'x64', system: 'Linux 6', cpu: { model: 'some', threads: 2 }, memoryBytes: 1, libc: 'glibc 2.41', gpus: null },
}

export interface MadeUpRun {
  readonly name?: string
  /** Revisions by name. */
  readonly inputs?: Readonly<Record<string, string>>
  readonly config?: { readonly [key: string]: JsonValue }
  readonly seed?: string
  readonly capture?: Partial<Capture>
  /** Files by path; null for none. */
  readonly code?: Readonly<Record<string, string>> | null
  /** Contents of artifacts of one file, by name. */
  readonly artifacts?: Readonly<Record<string, string>>
  readonly final?: Readonly<Record<string, number>>
  readonly status?: RunOutcome | 'running'
  readonly command?: readonly string[]
  readonly cwd?: string
  /** Paths by the names of artifacts. */
  readonly outputs?: Readonly<Record<string, string>>
  readonly reproduces?: CID
}

export interface PretendedRun {
  readonly label: string
  readonly start: CID
  /** Null of one that is under way. */
  readonly record: CID | null
  readonly artifacts: readonly RunArtifact[]
}

let nonce = 0

/** Records a run without running anything. */
export async function pretendRun(repository: Repository, made: MadeUpRun = {}): Promise<PretendedRun> {
  const { name = 'train', inputs = {}, config = { rate: 0.1 }, seed = '7', capture = {}, code = { 'train.mjs': 'code' }, artifacts: contents = { model: 'weights' }, final = { loss: 0.5 }, status = 'succeeded', command = null, cwd = '', outputs = {}, reproduces = null } = made
  const { blocks } = repository
  await blocks.refresh()
  const pinned: RunInput[] = []
  for (const [input, revision] of Object.entries(inputs)) {
    const { snapshot, root } = await resolveRevision(blocks, revision)
    pinned.push({ name: input, revision, snapshot: snapshot ?? null, root })
  }
  return blocks.withSession(async (session) => {
    const start: RunStart = {
      name, why: null, tags: [], inputs: pinned, config: resolveConfig({ program: config }), seed, command, cwd, outputs: Object.entries(outputs).map(([output, path]) => ({ name: output, path })), capture: { ...CAPTURE, ...capture }, code: code === null ? null : (await stored(repository, session, code)).root, reproduces,
      started: blocks.platform.now().toISOString(), process: { host: 'test', hostId: '000000000000', id: 1, began: null }, nonce: (nonce++).toString(16).padStart(16, '0'),
    }
    const cid = await session.put(DAG_CBOR_CODE, encodeRunStart(start))
    const number = await commitStart(blocks, session, { name, start: cid, inputs: pinned, code: start.code, reproduces, message: name, actor: null })
    const artifacts: RunArtifact[] = []
    for (const [artifact, content] of Object.entries(contents).sort(([a], [b]) => (a < b ? -1 : 1))) artifacts.push({ name: artifact, ...(await stored(repository, session, { [artifact]: content })) })
    const record = await commitRecord(blocks, session, { ...number, start: cid }, () => ({
      start: cid, status, reason: status === 'failed' ? 'it threw' : null, exitCode: status === 'succeeded' ? 0 : null, signal: null, ended: status === 'running' ? null : blocks.platform.now().toISOString(), final, metrics: null, log: null, artifacts,
    }), { message: status, actor: null })
    return { label: runLabel(number), start: cid, record: status === 'running' ? null : record, artifacts }
  })
}

export async function stored(repository: Repository, session: Session, files: Readonly<Record<string, string>>): Promise<{ readonly root: CID; readonly files: number; readonly bytes: number }> {
  const { root, files: count, bytes } = await storeEntries(session, new ChunkedContentStore(session, session), Object.entries(files).map(([path, content]) => ({ path, content })), { chunker: repository.blocks.config.chunker })
  return { root, files: count, bytes }
}
