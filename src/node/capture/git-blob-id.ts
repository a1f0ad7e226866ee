import { createHash, type Hash } from 'node:crypto'
import type { CID } from '../../cid/cid.ts'
import { RAW_CODE } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { listChunks } from '../../file/index.ts'

/** Begins the id that git gives to content of so many bytes: the hash of a header and the content. SHA-256 in repositories whose ids are that long. */
export function blobHash(size: number, idLength: number): Hash {
  return createHash(idLength === 64 ? 'sha256' : 'sha1').update(`blob ${size}\0`)
}

/** The chunks of stored content one after the other, each as it comes out of the store. */
export async function* storedPieces(source: BlockSource, content: { readonly cid: CID; readonly size: number }): AsyncGenerator<Uint8Array> {
  if (content.cid.code === RAW_CODE) yield await source.get(content.cid)
  else for await (const { cid } of listChunks(source, content)) yield await source.get(cid)
}
