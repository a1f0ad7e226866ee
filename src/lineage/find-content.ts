import { concatBytes, toHex } from '../bytes.ts'
import { type CID, cidText, tryParseCid, RAW_CODE } from '../cid/cid.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import { resolveRecord, resolveRevision } from '../dataset/revision.ts'
import { NotFoundError } from '../errors.ts'
import type { ManifestValue } from '../manifest/interface.ts'
import { openManifest } from '../manifest/manifest.ts'
import { keyFromPath, pathFromText } from '../manifest/path.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { Wanted } from './content-search.ts'

/** What was asked for. */
export interface FoundContent {
  /** Null for a chunk, which may be in any. */
  readonly root: CID | null
  readonly path: string | null
  readonly content: CID | null
  /** Undefined for a whole dataset, which is found by its root. */
  readonly wanted: Wanted | undefined
}

/**
 * The dataset, file, folder or chunk that a text names: `covid/raw@v2`, `covid/raw:daily/01.csv`, or the CID of a chunk.
 * @throws NotFoundError if it is not there; EvictedError for a path in data that was dropped; InvalidArgumentError for a CID of something else
 */
export async function findContent(repository: BlockRepository, text: string, anywhere: boolean): Promise<FoundContent> {
  const chunk = text.includes(':') ? undefined : await chunkOf(repository, text)
  if (chunk !== undefined) return { root: null, path: null, content: chunk, wanted: { kind: 'chunk', cid: chunk } }
  if (!text.includes(':')) return { root: (await resolveRecord(repository, text)).root, path: null, content: null, wanted: undefined }
  const { root, path: given = '' } = await resolveRevision(repository, text)
  const path = given.replace(/\/+$/, '')
  if (path === '') return { root, path: null, content: null, wanted: undefined }
  const manifest = await openManifest(repository, root)
  const bytes = pathFromText(path)
  const key = keyFromPath(bytes)
  const value = await manifest.get(bytes)
  if (value !== undefined) return { root, path, content: 'cid' in value ? value.cid : null, wanted: { kind: 'entry', key, value, anywhere } }
  const entries = new Map<string, ManifestValue>()
  for await (const entry of manifest.entries({ prefix: bytes })) entries.set(toHex(keyFromPath(entry.path)), entry.value)
  if (entries.size === 0) throw new NotFoundError(`There is no "${path}" in ${text.slice(0, text.indexOf(':'))}`, { data: { revision: text, path }, hint: '`varve ls <rev>` lists the paths of a dataset.' })
  return { root, path, content: null, wanted: { kind: 'folder', prefix: concatBytes([key, new Uint8Array(1)]), entries, anywhere } }
}

/** The block that a text names, if file content may be made of it: a chunk, or a node of a list of chunks. @throws NotFoundError if the CID is that of a chunk that is not there */
async function chunkOf(repository: BlockRepository, text: string): Promise<CID | undefined> {
  const cid = tryParseCid(text)
  if (cid === undefined) return undefined
  if (cid.code !== RAW_CODE) return (await repository.has(cid)) && Array.isArray(decodeCbor(await repository.get(cid))) ? cid : undefined
  if (await repository.has(cid)) return cid
  throw new NotFoundError(`There is no chunk ${cidText(cid)} in ${repository.storage.location}`, { data: { cid: cidText(cid) } })
}
