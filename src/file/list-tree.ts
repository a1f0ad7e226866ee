import type { BlockSink, BlockSource } from '../codec/interface.ts'
import type { AnyIterable } from '../types.ts'
import { ListBuilder } from './list-builder.ts'
import type { ListLink, ListOptions } from './interface.ts'

/**
 * The list tree of some leaves, which may be any number from one up. Equal leaves give an equal root.
 * @throws InvalidArgumentError without leaves, or for one that a list cannot hold
 */
export async function buildList(sink: BlockSink, links: AnyIterable<ListLink>, options: ListOptions = {}): Promise<ListLink> {
  return fill(new ListBuilder(sink, options), links)
}

/**
 * A list with more leaves at its end: the same tree that building it from all leaves gives. Reads the last node of each level of the
 * old one, and writes only nodes that change. `root` null stands for a list without leaves.
 *
 * @throws InvalidArgumentError if the result would have no leaf
 * @throws MalformedDataError if the end of the old list is malformed
 */
export async function appendToList(source: BlockSource, sink: BlockSink, root: ListLink | null, links: AnyIterable<ListLink>, options: ListOptions = {}): Promise<ListLink> {
  return fill(root === null ? new ListBuilder(sink, options) : await ListBuilder.resume(source, sink, root, options), links)
}

async function fill(builder: ListBuilder, links: AnyIterable<ListLink>): Promise<ListLink> {
  for await (const link of links) await builder.push(link)
  return builder.finish()
}
