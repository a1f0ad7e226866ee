import { CID, cidText } from '../cid/cid.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import type { FoundNode, LostRefs, RefChange } from '../repository/index.ts'
import { walkHistory } from './history.ts'
import { readSnapshot, type Snapshot } from './snapshot-object.ts'
import { tolerant } from './tolerant.ts'

const PREFIX = 'recovered/'

/** What can still be said of a snapshot to which no ref leads. */
export interface FoundHead {
  readonly cid: CID
  readonly snapshot: Snapshot
  /** The ref that pointed to it last, by what is left of the log of operations. */
  readonly former: string | null
}

/**
 * Snapshots that no other snapshot has as its parent and no ref leads to, oldest first: what refs that are lost may have pointed to. Some may be of refs that were
 * deleted on purpose; nothing tells them apart. Memory: some 200 bytes a snapshot.
 */
export async function findHeads({ refs, blocks, nodes }: LostRefs): Promise<readonly FoundHead[]> {
  const known = new Set<string>()
  for (const { target } of refs) await tolerant(async () => {
    for await (const { cid } of walkHistory(blocks, target, known)) void cid
  })
  const snapshots = new Map<string, CID>()
  const parents = new Set<string>()
  const names = new Map<string, { name: string; number: number }>()
  for await (const node of nodes()) {
    const value = await decoded(node)
    if (value['type'] === 'operation') noteNames(names, value)
    if (value['type'] !== 'snapshot') continue
    const read = await tolerant(() => readSnapshot({ get: () => node.bytes }, node.cid))
    if (read === undefined) continue
    snapshots.set(cidText(node.cid), node.cid)
    for (const parent of read.parents) parents.add(cidText(parent))
  }
  const heads: FoundHead[] = []
  for (const [text, cid] of snapshots) {
    if (!known.has(text) && !parents.has(text)) heads.push({ cid, snapshot: await readSnapshot(blocks, cid), former: names.get(text)?.name ?? null })
  }
  return heads.sort((a, b) => (a.snapshot.time < b.snapshot.time ? -1 : 1))
}

/** A ref `recovered/<n>` for each of them, under numbers that are free. */
export function refsForHeads({ refs }: LostRefs, heads: readonly FoundHead[]): readonly RefChange[] {
  const taken = new Set<string>(refs.map(({ name }) => name))
  let number = 0
  return heads.map(({ cid }) => {
    do number++
    while (taken.has(`${PREFIX}${number}`))
    return { name: `${PREFIX}${number}`, target: cid }
  })
}

/** Another program may have put there what is no dag-cbor. */
async function decoded({ bytes }: FoundNode): Promise<Record<string, unknown>> {
  const value = await tolerant(async () => decodeCbor(bytes))
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** Which ref each snapshot was last given to. Other programs may keep blocks of that type in another shape, which say nothing. */
function noteNames(names: Map<string, { name: string; number: number }>, { number, changes }: Record<string, unknown>): void {
  if (typeof number !== 'number' || !Array.isArray(changes)) return
  for (const change of changes as unknown[]) {
    const [name, , after] = Array.isArray(change) ? (change as unknown[]) : []
    const cid = CID.asCID(after)
    if (typeof name !== 'string' || cid === null) continue
    const target = cidText(cid)
    if ((names.get(target)?.number ?? -1) < number) names.set(target, { name, number })
  }
}
