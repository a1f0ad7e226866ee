import type { BlockRepository } from '../repository/index.ts'
import type { AliasMove, ModelEvent } from './interface.ts'
import { readModelEvent } from './model-object.ts'
import { eventsOf, newestMoves } from './model-tree.ts'

/** A move with what it took the place of. Reads the event before it. */
export async function aliasMove(repository: BlockRepository, { alias, at, by, why, number, previous }: ModelEvent): Promise<AliasMove> {
  const before = previous === null ? undefined : await readModelEvent(repository, previous)
  return { alias: alias ?? '', at, by, why, before: before?.number ?? null, after: number, isBackdated: before !== undefined && Date.parse(before.at) > Date.parse(at) }
}

/** The moves of all aliases of a model: the newest first, those of each alias in the order in which they were made, whatever the clocks said. */
export async function allMoves(repository: BlockRepository, name: string): Promise<readonly AliasMove[]> {
  const waiting: AliasMove[][] = []
  for await (const { alias } of newestMoves(repository, name)) {
    const moves: AliasMove[] = []
    if (alias !== null) for await (const event of eventsOf(repository, { name, alias })) moves.push(await aliasMove(repository, event))
    waiting.push(moves)
  }
  const merged: AliasMove[] = []
  for (;;) {
    const newest = waiting.filter((moves) => moves.length > 0).sort(([a], [b]) => timeOf(b) - timeOf(a))[0]?.shift()
    if (newest === undefined) return merged
    merged.push(newest)
  }
}

function timeOf(move: AliasMove | undefined): number {
  return Date.parse(move?.at ?? '')
}
