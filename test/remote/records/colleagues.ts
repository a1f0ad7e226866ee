import { openRepository, pull, push, type PullResult, type PushResult, type Repository } from '../../../src/index.ts'
import { cidText, DAG_CBOR_CODE } from '../../../src/cid/cid.ts'
import { lineageOf } from '../../../src/lineage/lineage-of.ts'
import type { PlacedRun } from '../../../src/remote/records/place-runs.ts'
import { runChanges } from '../../../src/remote/records/run-changes.ts'
import { readRunRecord } from '../../../src/run/run-checkpoint.ts'
import { encodeRunRecord, encodeRunStart, readRunStart } from '../../../src/run/run-object.ts'
import { listRuns } from '../../../src/run/run-tree.ts'
import type { Storage } from '../../../src/storage/interface.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { create } from '../../dataset/in-memory.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'

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

/** Many runs in one commit, each with its own start, and all with the same input and code. */
export async function manyRuns(repository: Repository, count: number, name = 'train'): Promise<void> {
  const { blocks } = repository
  const first = await pretendRun(repository, { name })
  const [start, record] = [await readRunStart(blocks, first.start), first.record === null ? null : await readRunRecord(blocks, first.record)]
  if (record === null) return
  await blocks.withSession(async (session) => {
    const placed: PlacedRun[] = []
    for (let number = 2; number <= count; number++) {
      const cid = await session.put(DAG_CBOR_CODE, encodeRunStart({ ...start, nonce: String(number).padStart(16, 'a') }))
      const sealed = await session.put(DAG_CBOR_CODE, encodeRunRecord({ ...record, start: cid, final: { loss: number } }))
      placed.push({ to: { name, number }, entry: { start: cid, record: sealed, isOver: true }, isUpdate: false })
    }
    await session.commit({ action: 'test', refs: await runChanges(blocks, session, session, await blocks.getRef('_varve/runs'), placed) })
  })
}

/** A storage that counts the calls that reach another one, and lets `before` happen first. */
export function watched(inner: MemoryStorage, before: (call: number) => Promise<void> | void = () => undefined): { readonly storage: Storage; calls(): number } {
  let calls = 0
  const turn = async (): Promise<void> => before(calls++)
  return {
    calls: () => calls,
    storage: {
      location: inner.location,
      put: async (...args) => turn().then(() => inner.put(...args)),
      get: async (...args) => turn().then(() => inner.get(...args)),
      stat: async (...args) => turn().then(() => inner.stat(...args)),
      delete: async (...args) => turn().then(() => inner.delete(...args)),
      list: async function* list(...args) {
        await turn()
        yield* inner.list(...args)
      },
      close: async () => undefined,
    },
  }
}
