import { describe, expect, it } from 'vitest'
import { nodePlatform } from '../../src/node/node-platform.ts'
import type { Capture } from '../../src/run/capture-interface.ts'
import { compareEnvironments, type EnvironmentDifference } from '../../src/run/compare-environments.ts'
import type { RunStart } from '../../src/run/interface.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { madeRun } from './made-runs.ts'

const blocks = new MemoryBlocks(nodePlatform.hasher('sha2-256'))
const startOf = (capture: Partial<Capture> = {}, start: Partial<RunStart> = {}): RunStart => madeRun(blocks, 'a', { capture, start }).start
const zod = (...versions: readonly string[]): Capture['packages'] => ({ lockFile: null, installed: versions.map((version) => ({ name: 'zod', version, integrity: null })), differences: [] })
const { capture: { runtime } } = startOf()
const changed = (capture: Partial<Capture>): readonly EnvironmentDifference[] => compareEnvironments(startOf({ packages: zod('4.1.0') }), startOf({ packages: zod('4.1.0'), ...capture }))

describe('two environments', () => {
  it('that are the same have no difference, whatever the command and the place are', () => {
    expect(compareEnvironments(startOf(), startOf({}, { command: ['node', 'elsewhere.mjs'], nonce: '1', seed: '8' }))).toEqual([])
    // Two versions of one package are no difference to themselves.
    expect(compareEnvironments(startOf({ packages: zod('4.1.0', '3.0.0') }), startOf({ packages: zod('4.1.0', '3.0.0') }))).toEqual([])
  })

  it.each<[string, Partial<Capture>, EnvironmentDifference]>([
    ['the runtime', { runtime: { ...runtime, versions: { node: '24.0.0' } } }, { name: 'node', first: '22.0.0', again: '24.0.0' }],
    ['something that only one has', { runtime: { ...runtime, versions: { node: '22.0.0', v8: '12' } } }, { name: 'v8', first: null, again: '12' }],
    ['the architecture', { runtime: { ...runtime, architecture: 'arm64' } }, { name: 'platform', first: 'linux x64', again: 'linux arm64' }],
    ['the system', { runtime: { ...runtime, system: 'Linux 7' } }, { name: 'system', first: 'Linux 6', again: 'Linux 7' }],
    ['the processor', { runtime: { ...runtime, cpu: { model: 'cpu', threads: 64 } } }, { name: 'processor', first: 'cpu, 2 threads', again: 'cpu, 64 threads' }],
    ['the GPU', { runtime: { ...runtime, gpus: ['A100', 'A100'] } }, { name: 'gpu', first: null, again: 'A100; A100' }],
    ['the container', { container: { digest: 'sha256:ab', source: 'ecs' } }, { name: 'container', first: null, again: 'sha256:ab' }],
    ['a variable', { environment: { OMP_NUM_THREADS: '4' } }, { name: '$OMP_NUM_THREADS', first: null, again: '4' }],
    ['the version of a package', { packages: zod('4.2.0') }, { name: 'package zod', first: '4.1.0', again: '4.2.0' }],
    ['a package that is there no more', { packages: zod() }, { name: 'package zod', first: '4.1.0', again: null }],
    ['packages that could not be looked into', { packages: null }, { name: 'packages', first: '1 recorded', again: null }],
  ])('tell %s', (_what, capture, difference) => {
    expect(changed(capture)).toEqual([difference])
  })
})
