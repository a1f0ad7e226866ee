import { MalformedDataError } from '../errors.ts'
import type { ListLink, ListNode } from './interface.ts'

/** Fewest links of a node that is not the last of its level. */
const MIN_LINKS = 256
/** Most links of a node. */
export const MAX_LINKS = 4096
/** A link closes its node with a chance of 1 in 768, so that a node has 1,024 links on average: 2^32 / 768. */
const CLOSING_LIMIT = 5_592_405

/** True if a node ends after its `count`th link, which is `link` (FORMAT.md, section 3). Depends on nothing else, so equal links meet again in equal nodes. */
export function closesNode(count: number, link: ListLink): boolean {
  if (count >= MAX_LINKS) return true
  if (count < MIN_LINKS) return false
  const { digest } = link.cid.multihash
  // The limit is below 2^24, so the first byte of a number below it is 0.
  return digest[0] === 0 && (((digest[1] as number) << 16) | ((digest[2] as number) << 8) | (digest[3] as number)) < CLOSING_LIMIT
}

/**
 * Refuses a node whose links would not have been grouped like this. As the rule looks at one node alone, a tree is canonical if all its nodes are.
 * @param last whether the node is the last of its level, which ends wherever the content does
 * @throws MalformedDataError
 */
export function assertCanonicalNode(node: ListNode, last: boolean): void {
  const final = node.links.length - 1
  for (const [index, link] of node.links.entries()) {
    const closes = closesNode(index + 1, link)
    if (closes && index < final) throw new MalformedDataError(`A list node of level ${node.level} goes on after link ${index}, which ends it`)
    if (!closes && index === final && !last) throw new MalformedDataError(`A list node of level ${node.level} ends after link ${index}, which does not end it`)
  }
}
