import type { CID } from '../../src/cid/cid.ts'
import { RAW_CODE } from '../../src/cid/cid.ts'
import { ManifestBuilder } from '../../src/manifest/manifest.ts'
import { keyFromPath, pathFromText } from '../../src/manifest/path.ts'
import { utf8, compareBytes } from '../../src/bytes.ts'
import type { Capture } from '../../src/run/capture-interface.ts'
import type { RunToCompare } from '../../src/run/compare-interface.ts'
import type { ConfigEntry } from '../../src/run/config/interface.ts'
import type { RunRecord, RunStart } from '../../src/run/interface.ts'
import type { MemoryBlocks } from '../memory-blocks.ts'

/** A manifest of small files. */
export async function manifestOf(blocks: MemoryBlocks, files: Readonly<Record<string, string>>): Promise<CID> {
  const builder = new ManifestBuilder(blocks, 'fastcdc2020-64K-256K-1M')
  const rows = Object.entries(files).map(([path, text]) => ({ path: pathFromText(path), text }))
  for (const { path, text } of rows.sort((a, b) => compareBytes(keyFromPath(a.path), keyFromPath(b.path)))) {
    await builder.add({ path, value: { kind: 'file', size: utf8(text).length, cid: blocks.put(RAW_CODE, utf8(text)) } })
  }
  return (await builder.finish()).root
}

const capture: Capture = {
  git: { commit: 'c0ffee', branch: 'main', remotes: {}, isPushed: true, dirty: [], tree: null, submodules: [] },
  packages: { lockFile: { path: 'package-lock.json', sha256: 'ab' }, installed: [{ name: 'zod', version: '4.1.0', integrity: null }], differences: [] },
  python: null, leftOut: [],
  runtime: { versions: { node: '22.0.0' }, execArgv: [], platform: 'linux', architecture: 'x64', system: 'Linux 6', cpu: { model: 'cpu', threads: 2 }, memoryBytes: 1, libc: null, gpus: null },
  container: null, environment: {}, argv: ['node', 'train.mjs'], ci: null, missing: [], redacted: [],
}

export interface MadeRun {
  readonly config?: readonly ConfigEntry[]
  readonly capture?: Partial<Capture>
  readonly final?: RunRecord['final'] | null
  readonly start?: Partial<RunStart>
  readonly artifacts?: RunRecord['artifacts']
}

/** A run that is like any other but for what is given. */
export function madeRun(blocks: MemoryBlocks, label: string, { config = [], capture: captured = {}, final = {}, start = {}, artifacts = [] }: MadeRun = {}): RunToCompare {
  return {
    label,
    start: {
      name: 'train', why: null, tags: [], inputs: [], config: { values: {}, entries: config, hash: '' }, seed: '7', command: null, capture: { ...capture, ...captured }, code: null, reproduces: null,
      started: '2026-03-01T10:00:00.000Z', process: { host: 'here', hostId: '0123456789ab', id: 1, began: null }, cwd: '', outputs: [], nonce: '0123456789abcdef', ...start,
    },
    record: final === null ? null : { start: blocks.put(RAW_CODE, utf8(label)), status: 'succeeded', reason: null, exitCode: 0, signal: null, ended: '2026-03-01T11:00:00.000Z', final, metrics: null, log: null, artifacts },
  }
}
