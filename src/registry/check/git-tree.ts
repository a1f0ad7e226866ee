import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { compareBytes, concatBytes, toHex, utf8 } from '../../bytes.ts'
import { type CID, RAW_CODE } from '../../cid/cid.ts'
import { listChunks } from '../../file/index.ts'
import type { ManifestValue } from '../../manifest/interface.ts'
import { openManifest } from '../../manifest/manifest.ts'
import { pathFromText } from '../../manifest/path.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { GitState } from '../../run/capture-interface.ts'

/** A folder on its way to a tree of git: what is in it, by its name as hex. */
interface GitFolder {
  readonly entries: Map<string, { readonly name: Uint8Array; readonly value: GitFolder | GitLeaf }>
}

interface GitLeaf {
  readonly mode: string
  readonly id: Uint8Array
}

/** Hash function of a repository of git. */
type GitHash = { create(): { update(bytes: Uint8Array): unknown; digest(): Uint8Array } }

const SLASH = 0x2f

/**
 * The id of the tree that git makes of stored files, in hex (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects): the modes 100644, 100755 and 120000, and 160000 for submodules, whose files are not part of it.
 * Reads every file; holds the names and ids of all of them.
 * @param idLength 40 for SHA-1, 64 for SHA-256
 */
export async function gitTreeOf(blocks: BlockRepository, root: CID, idLength: number, submodules: GitState['submodules'], signal?: AbortSignal): Promise<string> {
  const hash: GitHash = idLength === 64 ? sha256 : sha1
  const top: GitFolder = { entries: new Map() }
  const links = submodules.map(({ path, commit }) => ({ path: pathFromText(path), commit }))
  for (const { path, commit } of links) {
    if (!links.some((outer) => isBelow(path, outer.path))) place(top, path, { mode: '160000', id: fromHex(commit) })
  }
  for await (const { path, value } of (await openManifest(blocks, root)).entries()) {
    signal?.throwIfAborted()
    // Git keeps no empty folders.
    if (value.kind === 'directory' || links.some((link) => isBelow(path, link.path) || compareBytes(path, link.path) === 0)) continue
    place(top, path, { mode: modeOf(value), id: await blobId(blocks, value, hash) })
  }
  return toHex(treeId(top, hash))
}

function modeOf({ kind }: ManifestValue): string {
  return kind === 'symlink' ? '120000' : kind === 'executable' ? '100755' : '100644'
}

async function blobId(blocks: BlockRepository, value: Exclude<ManifestValue, { kind: 'directory' }>, hash: GitHash): Promise<Uint8Array> {
  const hasher = hash.create()
  hasher.update(utf8(`blob ${value.kind === 'symlink' ? value.target.length : value.size}\0`))
  if (value.kind === 'symlink') hasher.update(value.target)
  else if (value.cid.code === RAW_CODE) hasher.update(await blocks.get(value.cid))
  else for await (const { cid } of listChunks(blocks, value)) hasher.update(await blocks.get(cid))
  return hasher.digest()
}

function place(top: GitFolder, path: Uint8Array, leaf: GitLeaf): void {
  let folder = top
  let start = 0
  for (let end = path.indexOf(SLASH); end >= 0; end = path.indexOf(SLASH, start)) {
    const name = path.slice(start, end)
    const key = toHex(name)
    const known = folder.entries.get(key)?.value
    const inner: GitFolder = known !== undefined && 'entries' in known ? known : { entries: new Map() }
    folder.entries.set(key, { name, value: inner })
    folder = inner
    start = end + 1
  }
  const name = path.slice(start)
  folder.entries.set(toHex(name), { name, value: leaf })
}

/** Git sorts folders as if their names ended with a slash. */
function treeId(folder: GitFolder, hash: GitHash): Uint8Array {
  const rows = [...folder.entries.values()].map(({ name, value }) => {
    const isFolder = 'entries' in value
    const leaf = isFolder ? { mode: '40000', id: treeId(value, hash) } : value
    return { key: isFolder ? concatBytes([name, Uint8Array.of(SLASH)]) : name, row: concatBytes([utf8(`${leaf.mode} `), name, new Uint8Array(1), leaf.id]) }
  })
  const body = concatBytes(rows.sort((a, b) => compareBytes(a.key, b.key)).map(({ row }) => row))
  const hasher = hash.create()
  hasher.update(utf8(`tree ${body.length}\0`))
  hasher.update(body)
  return hasher.digest()
}

function isBelow(path: Uint8Array, folder: Uint8Array): boolean {
  return path.length > folder.length && path[folder.length] === SLASH && compareBytes(path.subarray(0, folder.length), folder) === 0
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
