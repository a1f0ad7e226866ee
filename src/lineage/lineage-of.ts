import { toHex } from '../bytes.ts'
import { type CID, cidText } from '../cid/cid.ts'
import type { Repository } from '../dataset/repository.ts'
import { goneDigests } from '../dataset/left-at-remote.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { OperationOptions } from '../types.ts'
import { runsOfRoot } from '../run/run-uses.ts'
import type { ActTable } from './act.ts'
import { actTable } from './act-table.ts'
import { findStart } from './find-start.ts'
import type { Lineage, LineageDirection, LineageNode } from './interface.ts'
import { LineageGraph, type Place } from './lineage-graph.ts'
import { type RootNames, rootNames } from './root-names.ts'
import { addRunRecords } from './run-records.ts'
import { walk } from './walk.ts'

export interface LineageOptions extends Pick<OperationOptions, 'signal'> {
  /** Default: both. What lies beside, such as another model of the same data, is neither above nor below. */
  readonly direction?: LineageDirection
  /** Edges away from the start at most; from data to the run that read it is one. Default: all. */
  readonly depth?: number
  /** Nodes at most; default 2,000. What is left out is counted. */
  readonly mostNodes?: number
}

const MOST_NODES = 2000
const SHORT_CID_LENGTH = 16
/** The role of the code of runs and derivations. */
const CODE = 'code'

/**
 * What data, a run or a model was made of, and what was made of it, as a graph. A model comes with metrics and log of the run that it was made by.
 *
 * @param wanted a ref, tag, snapshot or root; `train#3`, `train` for the newest run of that name, or the CID of a run; `digits@3`, `digits@production`, `digits` for the newest version, or its CID.
 * Where a plain name is several of these, a dataset comes before a run, and a run before a model.
 * @throws NotFoundError if there is no such thing; AmbiguousRevisionError if a tag and a model have that name; CorruptObjectError if records lead to one that is not there
 *
 * Reads every snapshot, derivation and model version, and of runs those that it shows: with 10,000 runs some 0.1 s.
 *
 * @example
 * const { nodes, edges } = await lineageOf(repository, 'digits@production', { direction: 'up' })
 */
export async function lineageOf({ blocks }: Repository, wanted: string, { direction = 'both', depth = Infinity, mostNodes = MOST_NODES, signal }: LineageOptions = {}): Promise<Lineage> {
  if (!(depth >= 0) || !(mostNodes >= 1)) throw new InvalidArgumentError(`A lineage cannot have a depth of ${depth} and ${mostNodes} nodes`, { hint: 'Give a depth from 0 and a number of nodes from 1.' })
  const table = await actTable(blocks)
  const starts = await findStart(blocks, table, wanted)
  const graph = new LineageGraph(mostNodes)
  for (const place of starts) graph.add(place)
  if (direction !== 'down') {
    await walk(blocks, table, graph, starts, { direction: 'up', depth, signal })
    addRunRecords(graph, starts, depth)
  }
  if (direction !== 'up') await walk(blocks, table, graph, starts, { direction: 'down', depth, signal })
  const nodes = await described(blocks, table, graph, starts)
  const names = new Map([...graph.places.keys()].map((id, at) => [id, nodes[at]?.id ?? '']))
  return { start: starts.map(({ id }) => names.get(id) ?? ''), direction, depth: Number.isFinite(depth) ? depth : null, nodes, edges: graph.edges(names), leftOut: graph.leftOut }
}

/** In the order of the places. */
async function described(blocks: BlockRepository, table: ActTable, graph: LineageGraph, starts: readonly Place[]): Promise<readonly LineageNode[]> {
  const names = await rootNames(blocks)
  const evicted = await goneDigests(blocks)
  const makers = await makersOf(blocks, graph, starts)
  const code = await codeOf(blocks, graph, starts)
  const nodes: LineageNode[] = []
  for (const { id, act, root } of graph.places.values()) {
    if (act !== undefined) nodes.push(await act.describe())
    else nodes.push(dataNode(root, { known: names.get(id), isDerived: table.givers(id).length > 0, maker: makers.get(id), isCode: code.has(id), isDropped: evicted.has(toHex(root.multihash.digest)) }))
  }
  return nodes
}

/** How a run that made a root speaks of it: `model of train#3`; where that run is not in the graph, nothing. */
async function makersOf(blocks: BlockRepository, graph: LineageGraph, starts: readonly Place[]): Promise<ReadonlyMap<string, string>> {
  const makers = new Map([...graph.madeByRuns].map((id) => [id, '']))
  for (const { root, id } of starts) if (root !== undefined) for (const kind of ['artifact', 'metrics', 'log'] as const) if ((await runsOfRoot(blocks, root, kind).next()).done === false) makers.set(id, '')
  for (const { act } of graph.places.values()) {
    if (act?.kind === 'run') for (const { id, role } of act.outs) if ((makers.get(id) ?? '') === '') makers.set(id, `${role} of ${act.label}`)
  }
  return makers
}

/** What is the code of something, and nothing else that is read. */
async function codeOf(blocks: BlockRepository, graph: LineageGraph, starts: readonly Place[]): Promise<ReadonlySet<string>> {
  const code = new Set<string>()
  const read = new Set<string>()
  for (const { root, id } of starts) if (root !== undefined && (await runsOfRoot(blocks, root, 'code').next()).done === false && (await runsOfRoot(blocks, root, 'input').next()).done !== false) code.add(id)
  for (const { act } of graph.places.values()) for (const { id, role } of act?.ins ?? []) (role === CODE ? code : read).add(id)
  return new Set([...code].filter((id) => !read.has(id)))
}

interface KnownOfRoot {
  readonly known: RootNames | undefined
  readonly isDerived: boolean
  readonly isCode: boolean
  readonly maker: string | undefined
  readonly isDropped: boolean
}

function dataNode(root: CID, { known, isDerived, isCode, maker, isDropped }: KnownOfRoot): LineageNode {
  const { snapshot } = known?.snapshots[0] ?? {}
  const id = cidText(root)
  const label = known?.names[0] ?? (maker === undefined || maker === '' ? `${id.slice(0, SHORT_CID_LENGTH)}…` : maker)
  return {
    id, kind: known !== undefined || isDerived ? 'data' : maker !== undefined ? 'artifact' : isCode ? 'code' : 'data', label, status: isDropped ? 'dropped' : null, when: snapshot?.time ?? null,
    why: snapshot === undefined || snapshot.message === '' ? null : snapshot.message,
    facts: { names: known?.names ?? [], snapshots: known?.snapshots.map(({ cid }) => cidText(cid)) ?? [], source: snapshot?.source?.uri ?? null },
  }
}
