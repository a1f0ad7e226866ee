import { startsWithBytes, equalBytes, toHex } from '../bytes.ts'
import { type CID, cidText, RAW_CODE } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { readListNode } from '../file/index.ts'
import type { ManifestValue, TreeItem } from '../manifest/interface.ts'
import { loadChild, loadRoot } from '../manifest/load-node.ts'
import { decodeManifestHeader } from '../manifest/manifest-header.ts'
import { manifestCodec, manifestValuesEqual } from '../manifest/manifest-values.ts'
import { lowerBound, type TreeNode } from '../manifest/node.ts'
import { pathFromKey, pathToText } from '../manifest/path.ts'
import { Pause } from '../repository/pause.ts'

/** What is looked for in datasets. */
export type Wanted =
  /** Content: at the place it was found, or anywhere. */
  | { readonly kind: 'entry'; readonly key: Uint8Array; readonly value: ManifestValue; readonly anywhere: boolean }
  /** Any of the entries of a folder, by the hex digits of their keys: each in its place, or anywhere. */
  | { readonly kind: 'folder'; readonly prefix: Uint8Array; readonly entries: ReadonlyMap<string, ManifestValue>; readonly anywhere: boolean }
  /** A block that file content is made of. */
  | { readonly kind: 'chunk'; readonly cid: CID }

/** Where it is. */
export interface Matches {
  /** The first few. */
  readonly paths: readonly string[]
  readonly count: number
}

const MOST_PATHS = 5
const NONE: Matches = { paths: [], count: 0 }

/** Looks into one dataset after another, and into what they share only once. Memory: some 200 bytes a tree node that was read, 100 a file of many chunks. */
export class ContentSearch {
  readonly #source: BlockSource
  readonly #wanted: Wanted
  /** What is below nodes of manifests, and whether the chunk is below nodes of files. */
  readonly #below = new Map<string, Promise<Matches>>()
  readonly #inFiles = new Map<string, boolean>()
  readonly #contents: ReadonlySet<string>
  readonly #pause: Pause

  constructor(source: BlockSource, wanted: Wanted, signal?: AbortSignal) {
    this.#source = source
    this.#wanted = wanted
    this.#contents = new Set(wanted.kind === 'folder' ? [...wanted.entries.values()].flatMap((value) => ('cid' in value ? cidText(value.cid) : [])) : [])
    this.#pause = new Pause(signal)
  }

  /** @throws NotFoundError, CorruptBlockError or MalformedDataError for a dataset that cannot be read */
  async inRoot(root: CID): Promise<Matches> {
    const { tree } = decodeManifestHeader(await this.#source.get(root))
    return this.#once(tree, async () => this.#inNode(await loadRoot(this.#source, manifestCodec, tree), undefined))
  }

  /** Datasets may be looked into at the same time: who comes second waits for the first. */
  #once(cid: CID, look: () => Promise<Matches>): Promise<Matches> {
    const looking = this.#below.get(cidText(cid)) ?? look()
    this.#below.set(cidText(cid), looking)
    return looking
  }

  async #inNode(node: TreeNode<ManifestValue>, before: Uint8Array | undefined): Promise<Matches> {
    await this.#pause.take()
    const found: Matches[] = []
    const rows = node.kind === 'leaf' ? node.items : node.links
    for (let at = lowerBound(rows, this.#from); at < rows.length; at++) {
      const key = rows[at]?.key
      if (key === undefined) break
      const isBeyond = !this.#isInRange(key)
      if (node.kind === 'inner') {
        const link = node.links[at]
        const previous = node.links[at - 1]?.key ?? before
        if (link !== undefined) found.push(await this.#once(link.cid, async () => this.#inNode(await loadChild(this.#source, manifestCodec, link, node.level - 1, previous), previous)))
      } else if (!isBeyond) {
        const item = node.items[at]
        if (item !== undefined && (await this.#holds(item))) found.push({ paths: [pathToText(pathFromKey(key))], count: 1 })
      }
      // The last key of a node is that of its link: what comes after it lies beyond as well.
      if (isBeyond) break
    }
    return found.length === 0 ? NONE : { paths: found.flatMap(({ paths }) => paths).slice(0, MOST_PATHS), count: found.reduce((sum, { count }) => sum + count, 0) }
  }

  get #from(): Uint8Array {
    const wanted = this.#wanted
    if (wanted.kind === 'chunk' || wanted.anywhere) return new Uint8Array()
    return wanted.kind === 'entry' ? wanted.key : wanted.prefix
  }

  #isInRange(key: Uint8Array): boolean {
    const wanted = this.#wanted
    if (wanted.kind === 'chunk' || wanted.anywhere) return true
    return wanted.kind === 'entry' ? equalBytes(key, wanted.key) : startsWithBytes(key, wanted.prefix)
  }

  #holds({ key, value }: TreeItem<ManifestValue>): Promise<boolean> | boolean {
    const wanted = this.#wanted
    if (wanted.kind === 'chunk') return 'cid' in value && this.#inContent(wanted.cid, value.cid, value.size)
    if (wanted.kind === 'entry') return sameContent(value, wanted.value)
    if (wanted.anywhere) return 'cid' in value && this.#contents.has(cidText(value.cid))
    const there = wanted.entries.get(toHex(key))
    return there !== undefined && sameContent(value, there)
  }

  async #inContent(wanted: CID, cid: CID, size: number, level?: number): Promise<boolean> {
    if (cid.equals(wanted)) return true
    if (cid.code === RAW_CODE) return false
    const name = cidText(cid)
    const known = this.#inFiles.get(name)
    if (known !== undefined) return known
    await this.#pause.take()
    const node = await readListNode(this.#source, { cid, size }, level)
    let isThere = false
    for (const link of node.links) if (!isThere) isThere = await this.#inContent(wanted, link.cid, link.size, node.level - 1)
    this.#inFiles.set(name, isThere)
    return isThere
  }
}

/** Whether a file may be executed is no part of its content. */
function sameContent(a: ManifestValue, b: ManifestValue): boolean {
  return 'cid' in a && 'cid' in b ? a.cid.equals(b.cid) : manifestValuesEqual(a, b)
}
