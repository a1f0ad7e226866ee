import { openRepository, pull, push, type PullResult, type PushResult, type Repository } from '../../../src/index.ts'
import { lineageOf } from '../../../src/lineage/lineage-of.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { listRuns } from '../../../src/run/run-tree.ts'
import { cidText } from '../../../src/cid/cid.ts'
import { create } from '../../dataset/in-memory.ts'

/** Two repositories, and a place that both push to and pull from. */
export interface Colleagues {
  readonly ada: Repository
  readonly bob: Repository
  readonly shared: MemoryStorage
  send(who: Repository): Promise<PushResult>
  take(who: Repository): Promise<PullResult>
}

export async function colleagues(): Promise<Colleagues> {
  const shared = new MemoryStorage()
  return { ada: await create(), bob: await create(), shared, send: (who) => push(who, { to: shared }), take: (who) => pull(who, { from: shared }) }
}

/** The shared place as a repository of its own, as it is now. */
export async function opened(shared: MemoryStorage): Promise<Repository> {
  return openRepository(shared)
}

/** Runs by their labels: what each one's start is. */
export async function startsOf({ blocks }: Repository): Promise<Readonly<Record<string, string>>> {
  await blocks.refresh()
  const found: Record<string, string> = {}
  for await (const { name, number, start } of listRuns(blocks)) found[`${name}#${number}`] = cidText(start)
  return found
}

/** Edges of a lineage by what their ends are called. */
export async function edgesOf(repository: Repository, start: string): Promise<readonly string[]> {
  await repository.blocks.refresh()
  const { nodes, edges } = await lineageOf(repository, start)
  const labels = new Map(nodes.map(({ id, label }) => [id, label]))
  return edges.map(({ from, role, to }) => `${labels.get(from) ?? ''} -${role}- ${labels.get(to) ?? ''}`).sort()
}
