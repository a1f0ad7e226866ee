import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type CID, cidFromDigest, cidText, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { parseParams } from '../../src/recipe/pipeline/index.ts'
import type { Capture } from '../../src/run/capture-interface.ts'
import { resolveConfig } from '../../src/run/config/resolve-config.ts'
import { describeRunEnd, describeRunStart, type RunEnd, type RunName } from '../../src/run/describe-run.ts'
import { environmentKey } from '../../src/run/environment-key.ts'
import type { RunStart } from '../../src/run/interface.ts'

const hasher = nodePlatform.hasher('sha2-256')
const link = (byte: number): CID => cidFromDigest(hasher, DAG_CBOR_CODE, new Uint8Array(32).fill(byte))
const RUN: RunName = { id: cidText(link(9)), label: 'train#3' }
const CAPTURE: Capture = {
  git: { commit: '1f'.repeat(20), branch: 'main', remotes: {}, isPushed: false, dirty: [{ path: 'a', status: '.M' }, { path: 'b', status: '??' }], tree: null, submodules: [] },
  packages: { lockFile: null, installed: [{ name: 'zod', version: '4.1.0', integrity: null }], differences: [] },
  python: null, leftOut: [],
  runtime: { versions: { node: '22.15.0', v8: '12' }, execArgv: [], platform: 'linux', architecture: 'x64', system: 'Linux 6', cpu: { model: 'a', threads: 2 }, memoryBytes: 1, libc: null, gpus: null },
  container: null, environment: {}, argv: [], ci: null, missing: [], redacted: [],
}
const START: RunStart = {
  name: 'train', why: 'a lower rate', tags: [], inputs: [{ name: 'train', revision: 'features@v3', snapshot: null, root: link(1) }],
  config: resolveConfig({ files: [parseParams('train:\n  rate: 0.01\n  batch: 32', { file: 'conf/train.yaml' })], set: { train: { rate: 0.1 } } }), seed: '7', command: null, capture: CAPTURE, code: link(2), reproduces: null,
  started: '2026-11-25T10:00:00.000Z', process: { host: 'here', hostId: '0123456789ab', id: 42, began: null }, cwd: '', outputs: [], nonce: '0123456789abcdef',
}
const END: RunEnd = { status: 'succeeded', reason: null, exitCode: 0, signal: null, ended: '2026-11-25T10:05:00.000Z', final: { loss: 0.25, accuracy: 0.9 } }
const withCapture = (change: Partial<Capture>): RunStart => ({ ...START, capture: { ...CAPTURE, ...change } })
const FACTS = (status: string): readonly string[] => [
  `  run         ${RUN.id}   ${status}`,
  '  started     2026-11-25T10:00:00.000Z on here, process 42',
  '  why         a lower rate',
  `  input       train = features@v3   root ${cidText(link(1))}`,
  `  commit      ${'1f'.repeat(20)} on main, dirty: 2 files differ`,
  `  code        root ${cidText(link(2))}`,
  `  config      2 values, hash ${START.config.hash}`,
  '    train.batch = 32   from conf/train.yaml:3',
  '    train.rate = 0.1   from --set',
  '  seed        7',
  `  environment ${environmentKey(CAPTURE)}   node 22.15.0, linux x64`,
]

describe('the text of a run for its own log', () => {
  it('says at the start what is known then', () => {
    expect(describeRunStart(RUN, START).split('\n')).toEqual(['varve: run train#3 begins', ...FACTS('running'), ''])
  })

  it('says at the end all of that, and what came out', () => {
    expect(describeRunEnd(RUN, START, END).split('\n')).toEqual(['varve: run train#3 succeeded', ...FACTS('succeeded'), '  ended       2026-11-25T10:05:00.000Z, exit code 0', '  final       accuracy = 0.9', '  final       loss = 0.25', ''])
  })

  it('says how a run ended that did not succeed', () => {
    const text = describeRunEnd(RUN, START, { ...END, status: 'aborted', reason: 'stopped by its user', exitCode: null, signal: 'SIGINT', final: {} })
    expect(text).toContain('varve: run train#3 aborted\n')
    expect(text).toMatch(/ {2}ended {7}2026-11-25T10:05:00.000Z, signal SIGINT\n {2}reason {6}stopped by its user\n$/)
    expect(describeRunEnd(RUN, START, { ...END, status: 'lost', exitCode: null })).toContain('  ended       2026-11-25T10:05:00.000Z\n')
  })

  it.each<[string, RunStart, string]>([
    ['a clean tree', withCapture({ git: { ...CAPTURE.git, dirty: [], branch: null } as Capture['git'] }), `  commit      ${'1f'.repeat(20)}, clean\n`],
    ['one file that differs', withCapture({ git: { ...CAPTURE.git, commit: null, dirty: [{ path: 'a', status: '??' }] } as Capture['git'] }), '  commit      none yet on main, dirty: 1 file differs\n'],
    ['no git', withCapture({ git: null }), '  commit      none: not in a git repository\n'],
    ['an image', withCapture({ container: { digest: 'sha256:00', source: 'option' } }), 'node 22.15.0, linux x64, image sha256:00\n'],
  ])('tells of %s', (_, start, line) => {
    expect(describeRunStart(RUN, start)).toContain(line)
  })

  it('leaves out what there is none of', () => {
    const lines = describeRunStart(RUN, { ...START, why: null, inputs: [], code: null, config: resolveConfig({}) }).split('\n')
    expect(lines.map((line) => line.slice(2, 14).trim())).toEqual(['rve: run tra', 'run', 'started', 'commit', 'config', 'seed', 'environment', ''])
  })

  it('is bounded, and counts what it leaves out', () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`key${String(at).padStart(2, '0')}`, 'x'.repeat(10_000)]))
    const inputs = Array.from({ length: 13 }, (_, at) => ({ name: `i${at}`, revision: 'r'.repeat(10_000), snapshot: null, root: link(1) }))
    const final = Object.fromEntries(Object.keys(many).map((key) => [key, 1]))
    const text = describeRunEnd(RUN, { ...START, inputs, config: resolveConfig({ program: { ...many, key00: { ['k'.repeat(10_000)]: 1 } } }), why: 'y'.repeat(10_000) }, { ...END, final })
    const lines = text.split('\n')
    expect(lines.filter((line) => line.startsWith('    key'))).toHaveLength(12)
    expect(lines.filter((line) => line.includes('and 18 more'))).toHaveLength(2)
    expect(lines.filter((line) => line.startsWith('  input'))).toHaveLength(12)
    expect(text).toContain('    and 1 more\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(510)
    expect(text).toContain(`    key01 = "${'x'.repeat(99)}…   from the program\n`)
  })

  it('has nothing in it that a terminal would act on, or that looks like another line', () => {
    const hostile = 'a\u001b[31m\nb\r\u0007\u009b\u202e\u2028c'
    const start: RunStart = {
      ...withCapture({ git: { ...CAPTURE.git, commit: hostile, branch: hostile } as Capture['git'], container: { digest: hostile, source: hostile }, runtime: { ...CAPTURE.runtime, versions: { node: hostile }, platform: hostile } }),
      why: hostile, inputs: [{ name: hostile, revision: hostile, snapshot: null, root: link(1) }], config: resolveConfig({ program: { [hostile]: hostile } }), seed: hostile, process: { host: hostile, hostId: '0123456789ab', id: 1, began: null },
    }
    const text = describeRunEnd({ ...RUN, label: hostile }, start, { ...END, reason: hostile, signal: hostile, final: { [hostile]: 1 } })
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/)
    expect(text.split('\n')).toHaveLength(15)
    expect(text).toContain('  seed        a\\x1b[31m\\nb\\x0d\\x07\\x9b\\x202e\\u2028c\n')
  })
})

describe('the key of an environment', () => {
  it('is the beginning of the hash of what it is made of, as canonical JSON', () => {
    const text = '{"container":null,"packages":{"differences":[],"installed":[{"integrity":null,"name":"zod","version":"4.1.0"}],"lockFile":null},"runtime":{"architecture":"x64",'
      + '"cpu":{"model":"a","threads":2},"execArgv":[],"gpus":null,"libc":null,"memoryBytes":1,"platform":"linux","system":"Linux 6","versions":{"node":"22.15.0","v8":"12"}}}'
    expect(environmentKey(CAPTURE)).toBe(createHash('sha256').update(text).digest('hex').slice(0, 16))
  })

  it('changes with runtime, packages and image, and with nothing else', () => {
    const keys = [
      CAPTURE, { ...CAPTURE, runtime: { ...CAPTURE.runtime, libc: 'musl' } }, { ...CAPTURE, packages: null }, { ...CAPTURE, container: { digest: 'sha256:00', source: 'option' } },
    ].map(environmentKey)
    expect(new Set(keys).size).toBe(4)
    const elsewhere: Capture = { ...CAPTURE, git: null, argv: ['x'], environment: { A: '1' }, ci: { system: 'x', run: null, url: null } }
    expect(environmentKey(elsewhere)).toBe(keys[0])
  })
})
