import type { CID } from '../cid/cid.ts'
import { cidText } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { diffManifests } from '../manifest/manifest.ts'
import { pathToText } from '../manifest/path.ts'
import type { CidText } from '../types.ts'
import type { RunRecord } from './interface.ts'
import type { Tolerances } from './tolerances.ts'

export interface ComparedArtifact {
  readonly name: string
  /** Null where one of them has none of that name. */
  readonly first: CidText | null
  readonly again: CidText | null
  readonly isSame: boolean
  /** The first paths that differ, in order. */
  readonly differences: readonly string[]
}

export interface ComparedMetric {
  readonly name: string
  readonly first: number | null
  readonly again: number | null
  readonly verdict: 'identical' | 'within tolerance' | 'differs'
}

export interface Reproduction {
  /** `nothing to compare` if neither made or logged anything. `differs` if anything does: an artifact may only differ where every metric is within a tolerance that was given for it. */
  readonly verdict: 'identical' | 'within tolerance' | 'differs' | 'nothing to compare'
  /** How the two ended. */
  readonly statuses: readonly [RunRecord['status'], RunRecord['status']]
  /** In the order of their names. */
  readonly artifacts: readonly ComparedArtifact[]
  readonly metrics: readonly ComparedMetric[]
  /** The first that is not the same: an artifact, else a metric; null if all is identical. */
  readonly firstDifference: string | null
}

const MOST_PATHS = 10

/** Compares what two runs gave: artifacts by their roots, metrics by their last values. Tolerances for metrics that neither has change nothing. Reads the nodes of manifests that differ. */
export async function compareOutcomes(source: BlockSource, first: RunRecord, again: RunRecord, tolerances: Tolerances = {}): Promise<Reproduction> {
  const artifacts: ComparedArtifact[] = []
  for (const name of namesOf(first.artifacts.map((artifact) => artifact.name), again.artifacts.map((artifact) => artifact.name))) {
    const [a, b] = [first, again].map((record) => record.artifacts.find((artifact) => artifact.name === name)?.root)
    artifacts.push({ name, first: textOrNull(a), again: textOrNull(b), isSame: a !== undefined && b?.equals(a) === true, differences: a === undefined || b === undefined ? [] : await firstPaths(source, a, b) })
  }
  const metrics = namesOf(Object.keys(first.final), Object.keys(again.final)).map((name) => comparedMetric(name, first.final[name], again.final[name], tolerances[name]))
  const differing = artifacts.find(({ isSame }) => !isSame)
  const differingMetric = metrics.find(({ verdict }) => verdict === 'differs')
  const tolerated = metrics.filter(({ name }) => Object.hasOwn(tolerances, name))
  const isExcused = differing === undefined || (tolerated.length > 0 && tolerated.every((metric) => metric.verdict !== 'differs'))
  const isSameEnd = first.status === again.status
  const isEmpty = isSameEnd && artifacts.length === 0 && metrics.length === 0
  const isIdentical = isSameEnd && differing === undefined && metrics.every(({ verdict }) => verdict === 'identical')
  const verdict = isEmpty ? 'nothing to compare' : isIdentical ? 'identical' : isSameEnd && differingMetric === undefined && isExcused && artifacts.every(({ isSame, first: a, again: b }) => isSame || (a !== null && b !== null)) ? 'within tolerance' : 'differs'
  return { verdict, statuses: [first.status, again.status], artifacts, metrics, firstDifference: !isSameEnd ? `it ${again.status}` : differing === undefined ? (differingMetric?.name ?? metrics.find((metric) => metric.verdict !== 'identical')?.name ?? null) : [differing.name, ...differing.differences.slice(0, 1)].join(': ') }
}

function comparedMetric(name: string, first: number | undefined, again: number | undefined, tolerance: number | undefined): ComparedMetric {
  const isClose = first !== undefined && again !== undefined && tolerance !== undefined && Math.abs(first - again) <= tolerance
  return { name, first: first ?? null, again: again ?? null, verdict: first !== undefined && Object.is(first, again) ? 'identical' : isClose ? 'within tolerance' : 'differs' }
}

async function firstPaths(source: BlockSource, a: CID, b: CID): Promise<readonly string[]> {
  const paths: string[] = []
  if (a.equals(b)) return paths
  for await (const { path } of diffManifests(source, a, b)) {
    paths.push(pathToText(path))
    if (paths.length === MOST_PATHS) break
  }
  return paths
}

function namesOf(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort()
}

function textOrNull(cid: CID | undefined): CidText | null {
  return cid === undefined ? null : cidText(cid)
}
