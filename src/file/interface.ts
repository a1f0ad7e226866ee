import type { BlockCode, CID } from '../cid/cid.ts'

/** Content of a file, or a part of it: one chunk, or a list tree of chunks. `size` is the number of content bytes below. */
export interface ListLink {
  readonly cid: CID
  readonly size: number
}

/** A chunk and where in the content it begins, in bytes. */
export interface ListChunk extends ListLink {
  readonly offset: number
}

/** One node of a list tree; its links are chunks at level 1, and nodes of the level below above that. */
export interface ListNode {
  readonly level: number
  readonly links: readonly ListLink[]
}

/** A part of content: `start` inclusive, `end` exclusive, in bytes. */
export interface ContentRange {
  readonly start: number
  readonly end: number
}

export interface ListOptions {
  /**
   * What the links of level 1 are: `raw` chunks of 1 byte to 1 MiB, which is the default, or `dag-cbor` blocks, each counted as size 1, as in
   * the operation log.
   */
  readonly leafCode?: BlockCode
}

export interface ListReadOptions extends ListOptions {
  /** Only chunks that overlap this part; the part beyond the end of the content is ignored. */
  readonly range?: ContentRange
}
