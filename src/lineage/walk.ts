import type { CID } from '../cid/cid.ts'
import { idOf } from '../cid/digest-id.ts'
import type { BlockRepository } from '../repository/index.ts'
import { Pause } from '../repository/pause.ts'
import { anyUse, type RunUse, type RunUseKind, runsOfRoots } from '../run/run-uses.ts'
import { type Act, type ActTable, type Link } from './act.ts'
import type { LineageGraph, Place } from './lineage-graph.ts'
import { runActs, runOfStart } from './run-acts.ts'

/** A neighbour that has not been read yet: a node as it is, a root, or a run by its place in the tree of runs or by its start. */
type Candidate = (Place | { readonly id: string; readonly link: { readonly cid: CID } } | { readonly id: string; readonly use: RunUse } | { readonly id: string; readonly start: CID; readonly made: CID | undefined }) & { readonly isLeaf?: boolean }

interface Side {
  /** Of runs that are one step further. */
  readonly kinds: readonly RunUseKind[]
  readonly links: (act: Act) => readonly Link[]
  readonly back: (act: Act) => readonly Link[]
}

export type WalkDirection = 'up' | 'down'

const SIDES: Readonly<Record<WalkDirection, Side>> = {
  down: { kinds: ['input', 'code'], links: (act: Act) => act.outs, back: (act: Act) => act.ins },
  up: { kinds: ['artifact', 'metrics', 'log'], links: (act: Act) => act.ins, back: (act: Act) => act.outs },
}

export interface WalkOptions {
  readonly direction: WalkDirection
  /** Edges away from the start at most. */
  readonly depth: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Adds to a graph what lies above or below some of its nodes, breadth first, as far as depth and room go. Looks the roots of a whole level up at once, so that it reads each node of the index once a level, and
 * the summaries of the runs that it adds.
 */
export async function walk(repository: BlockRepository, table: ActTable, graph: LineageGraph, starts: readonly Place[], { direction, depth, signal }: WalkOptions): Promise<void> {
  const pause = new Pause(signal)
  const seen = new Set(starts.map(({ id }) => id))
  // Seen, and gone no further from.
  const leaves = new Set<string>()
  let level = starts
  for (let distance = 1; level.length > 0; distance++) {
    await pause.take()
    const taken: Candidate[] = []
    let room = distance > depth ? 0 : graph.room
    for (const candidate of (await neighbours(repository, table, graph, level, { direction, isStart: distance === 1 })).values()) {
      const { id, isLeaf = false } = candidate
      if (seen.has(id) && (isLeaf || !leaves.has(id))) continue
      if (graph.places.has(id) ? distance <= depth : room-- > 0) taken.push(candidate)
      else graph.leaveOut(id)
    }
    // A run that has written over an artifact since is in the index for what was there before.
    const found = (await load(repository, graph, taken)).filter(({ candidate, place: { act } }) => !('use' in candidate) || (act !== undefined && SIDES[direction].back(act).some(({ id }) => seen.has(id))))
    for (const { candidate: { isLeaf = false }, place } of found) {
      seen.add(place.id)
      graph.add(place)
      if (isLeaf) leaves.add(place.id)
      else leaves.delete(place.id)
    }
    level = found.flatMap(({ candidate, place }) => (candidate.isLeaf === true ? [] : place))
  }
}

async function neighbours(repository: BlockRepository, table: ActTable, graph: LineageGraph, level: readonly Place[], { direction, isStart }: { readonly direction: WalkDirection; readonly isStart: boolean }): Promise<ReadonlyMap<string, Candidate>> {
  const side = SIDES[direction]
  const found = new Map<string, Candidate>()
  const add = (candidate: Candidate): void => {
    const known = found.get(candidate.id)
    if (known === undefined || (known.isLeaf === true && candidate.isLeaf !== true)) found.set(candidate.id, candidate)
  }
  for (const { id, act } of level) {
    for (const link of act === undefined ? [] : side.links(act)) {
      if (link.isLeaf === true) graph.madeByRuns.add(link.id)
      for (const candidate of atEndOf(table, link)) add(candidate)
    }
    for (const other of direction === 'up' ? table.givers(id) : isStart ? table.takers(id) : table.realTakers(id)) add({ id: other.id, act: other })
  }
  const roots = level.flatMap(({ root }) => root ?? [])
  for (const kind of side.kinds) {
    for await (const use of runsOfRoots(repository, roots, kind)) {
      if (direction === 'up') graph.madeByRuns.add(idOf(use.root))
      add({ id: use.id, use })
    }
  }
  if (direction === 'up') return found
  if (!(await anyUse(repository, 'original'))) return found
  const originals = level.flatMap(({ act }) => (act?.kind === 'run' ? act.cid : []))
  for await (const use of runsOfRoots(repository, originals, 'original')) add({ id: use.id, use })
  return found
}

function atEndOf(table: ActTable, { id, to, isLeaf = false }: Link): readonly Candidate[] {
  if (to.kind === 'root') return [{ id, link: to.link, isLeaf }]
  if (to.kind === 'run') return [{ id, start: to.cid, made: to.made }]
  const act = table.get(id)
  return act === undefined ? [] : [{ id, act }]
}

function placeOf(candidate: Candidate, run: Act | undefined): Place | undefined {
  const { id } = candidate
  if (run !== undefined) return { id, act: run }
  if ('link' in candidate) return { id, root: candidate.link.cid }
  return 'use' in candidate || 'start' in candidate ? undefined : candidate
}

/** In the order of the candidates. */
async function load(repository: BlockRepository, graph: LineageGraph, candidates: readonly Candidate[]): Promise<readonly { readonly candidate: Candidate; readonly place: Place }[]> {
  const uses: RunUse[] = []
  for (const candidate of candidates) {
    if (graph.places.has(candidate.id)) continue
    if ('use' in candidate) uses.push(candidate.use)
    else if ('start' in candidate) uses.push(await runOfStart(repository, candidate.start, candidate.made))
  }
  const runs = new Map((await runActs(repository, uses)).map((act) => [act.id, act]))
  return candidates.flatMap((candidate) => {
    const { id } = candidate
    const place = graph.places.get(id) ?? placeOf(candidate, runs.get(id))
    return place === undefined ? [] : { candidate, place }
  })
}
