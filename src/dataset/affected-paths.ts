import { toHex } from '../bytes.ts'
import { type CID, cidText, RAW_CODE } from '../cid/cid.ts'
import { StorageError, VarveError } from '../errors.ts'
import { readListNode } from '../file/index.ts'
import type { ManifestValue } from '../manifest/interface.ts'
import { loadChild, loadRoot } from '../manifest/load-node.ts'
import { decodeManifestHeader } from '../manifest/manifest-header.ts'
import { manifestCodec } from '../manifest/manifest-values.ts'
import type { TreeNode } from '../manifest/node.ts'
import { pathFromKey, pathToText } from '../manifest/path.ts'
import type { BlockRepository, UnsoundBlock } from '../repository/index.ts'
import { Pause } from '../repository/pause.ts'
import type { CidText } from '../types.ts'
import { isDropped } from './evicted-data.ts'
import { snapshotRefs } from './history.ts'
import { readSnapshot } from './snapshot-object.ts'

/** Something of a snapshot that cannot be had. */
export interface AffectedPath {
  readonly snapshot: CidText
  /** The ref that leads to it, as `name` or `name~n`, n times a parent. */
  readonly ref: string
  /** The file whose content is affected; null if it is a part of the tree, whose paths are then not known. */
  readonly path: string | null
  /** Where that is a part of the tree: the paths after `after`, or from the first, up to `to`, or to the last; and their number, if it is known. */
  readonly range: { readonly after: string | null; readonly to: string | null; readonly entries: number | null } | null
  /** A block that it lacks; the first, if there are several. */
  readonly block: CidText
  readonly reason: string
}

type Lost = ReadonlyMap<string, UnsoundBlock>

/**
 * Every path of every snapshot that refs lead to and that needs a block which is lost. Trees that are sound are walked once, in however many snapshots they stand.
 * Reads every tree node; memory: some 100 bytes a node.
 */
export async function* affectedPaths(repository: BlockRepository, lost: readonly UnsoundBlock[], signal?: AbortSignal): AsyncGenerator<AffectedPath> {
  const byDigest: Lost = new Map(lost.map((block) => [toHex(block.cid.multihash.digest), block]))
  const search = new DamageSearch(repository, byDigest, signal)
  const evicted = await repository.evicted().catch(() => new Set<string>())
  const seen = new Set<string>()
  for await (const { name, target } of snapshotRefs(repository)) {
    const waiting: { cid: CID; age: number }[] = [{ cid: target, age: 0 }]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const text = cidText(at.cid)
      if (seen.has(text)) continue
      seen.add(text)
      const place = { snapshot: text, ref: at.age === 0 ? name : `${name}~${at.age}` }
      const snapshot = await search.attempt(() => readSnapshot(repository, at?.cid ?? target))
      if (snapshot instanceof VarveError) {
        yield { ...place, path: null, range: { after: null, to: null, entries: null }, block: text, reason: reasonOf(byDigest, at.cid, snapshot) }
        continue
      }
      if (!isDropped(evicted, at.cid, snapshot.root)) for await (const found of search.inManifest(snapshot.root)) yield { ...place, ...found }
      const { age } = at
      waiting.push(...snapshot.parents.map((cid) => ({ cid, age: age + 1 })).reverse())
    }
  }
}

type Found = Omit<AffectedPath, 'snapshot' | 'ref'>

class DamageSearch {
  readonly #blocks: BlockRepository
  readonly #lost: Lost
  readonly #pause: Pause
  /** Trees below which nothing is lost. */
  readonly #sound = new Set<string>()

  constructor(blocks: BlockRepository, lost: Lost, signal: AbortSignal | undefined) {
    this.#blocks = blocks
    this.#lost = lost
    this.#pause = new Pause(signal)
  }

  async *inManifest(root: CID): AsyncGenerator<Found> {
    const header = await this.attempt(async () => decodeManifestHeader(await this.#blocks.get(root)))
    if (header instanceof VarveError) {
      yield this.#part(root, header, undefined, undefined, null)
      return
    }
    const { tree, totals } = header
    if (this.#sound.has(cidText(tree))) return
    const top = await this.attempt(() => loadRoot(this.#blocks, manifestCodec, tree))
    if (top instanceof VarveError) yield this.#part(tree, top, undefined, undefined, totals.entries)
    else yield* this.#inNode(tree, top, undefined)
  }

  async *#inNode(cid: CID, node: TreeNode<ManifestValue>, before: Uint8Array | undefined): AsyncGenerator<Found> {
    await this.#pause.take()
    let isSound = true
    if (node.kind === 'leaf') {
      for (const { key, value } of node.items) {
        const block = value.kind === 'file' || value.kind === 'executable' ? await this.#inContent(value.cid, value.size) : undefined
        if (block === undefined) continue
        isSound = false
        yield { path: pathToText(pathFromKey(key)), range: null, block: cidText(block.cid), reason: block.reason }
      }
    } else {
      let last = before
      for (const link of node.links) {
        const after = last
        last = link.key
        if (this.#sound.has(cidText(link.cid))) continue
        const child = await this.attempt(() => loadChild(this.#blocks, manifestCodec, link, node.level - 1, after))
        if (child instanceof VarveError) yield this.#part(link.cid, child, after, link.key, link.count)
        else yield* this.#inNode(link.cid, child, after)
        isSound &&= this.#sound.has(cidText(link.cid))
      }
    }
    if (isSound) this.#sound.add(cidText(cid))
  }

  /** The first block of a file that is lost. */
  async #inContent(cid: CID, size: number, level?: number): Promise<UnsoundBlock | undefined> {
    const lost = this.#lost.get(toHex(cid.multihash.digest))
    if (lost !== undefined || cid.code === RAW_CODE || this.#sound.has(cidText(cid))) return lost
    const node = await this.attempt(() => readListNode(this.#blocks, { cid, size }, level))
    if (node instanceof VarveError) return { cid, reason: node.message }
    for (const link of node.links) {
      const below = await this.#inContent(link.cid, link.size, node.level - 1)
      if (below !== undefined) return below
    }
    this.#sound.add(cidText(cid))
    return undefined
  }

  #part(cid: CID, error: VarveError, after: Uint8Array | undefined, to: Uint8Array | undefined, entries: number | null): Found {
    const text = (key: Uint8Array | undefined): string | null => (key === undefined ? null : pathToText(pathFromKey(key)))
    return { path: null, range: { after: text(after), to: text(to), entries }, block: cidText(cid), reason: reasonOf(this.#lost, cid, error) }
  }

  /** What `read` gives, or the damage that it met. */
  async attempt<T>(read: () => Promise<T>): Promise<T | VarveError> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof VarveError) || error instanceof StorageError) throw error
      return error
    }
  }
}

function reasonOf(lost: Lost, cid: CID, error: VarveError): string {
  return lost.get(toHex(cid.multihash.digest))?.reason ?? error.message
}
