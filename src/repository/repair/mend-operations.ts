import { type CID, cidText, DAG_CBOR_CODE } from '../../cid/cid.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { appendToList, type ListLink, type ListNode, readListNode } from '../../file/index.ts'
import { encodeOperation } from '../operations.ts'
import type { OperationLog } from '../root-record.ts'
import { triedTwice } from './look-twice.ts'

/** A log of operations without holes, and the numbers of those that were lost. */
export interface MendedLog {
  readonly log: OperationLog
  readonly lost: readonly number[]
}

/**
 * Puts an entry that says so in the place of each operation that cannot be read: a log with a hole could not be read at all, and would stop garbage collection for ever.
 * Reads every operation; memory: the CIDs of all of them.
 */
export async function mendOperations(blocks: BlockSource & BlockSink, log: OperationLog, time: string): Promise<MendedLog> {
  const inTree = log.total - log.tail.length
  const cids: (CID | undefined)[] = log.tree === null ? [] : await entriesBelow(blocks, { cid: log.tree, size: inTree }, undefined)
  cids.push(...log.tail)
  const lost: number[] = []
  const mended: CID[] = []
  for (const [number, cid] of cids.entries()) {
    if (cid !== undefined && (await triedTwice(async () => blocks.get(cid))) !== undefined) {
      mended.push(cid)
      continue
    }
    lost.push(number)
    const message = `operation ${number}${cid === undefined ? '' : `, block ${cidText(cid)},`} was lost, and a repair put this in its place`
    mended.push(await blocks.put(DAG_CBOR_CODE, encodeOperation({ number, time, actor: null, action: 'lost', message, changes: [] })))
  }
  const links = mended.slice(0, inTree).map((cid) => ({ cid, size: 1 }))
  const tree = links.length === 0 ? null : (await appendToList(blocks, blocks, null, links, { leafCode: DAG_CBOR_CODE })).cid
  return { log: { tree, total: log.total, tail: mended.slice(inTree) }, lost }
}

/** The operations below a node, undefined for each that is below one that is lost. */
async function entriesBelow(source: BlockSource, link: ListLink, level: number | undefined): Promise<(CID | undefined)[]> {
  // A list of one is that one.
  if (level === 0 || link.size === 1) return [link.cid]
  const node = await triedTwice<ListNode>(() => readListNode(source, link, level, DAG_CBOR_CODE))
  if (node === undefined) return Array.from<undefined>({ length: link.size })
  const entries: (CID | undefined)[] = []
  for (const below of node.links) for (const entry of await entriesBelow(source, below, node.level - 1)) entries.push(entry)
  return entries
}
