import { expect } from 'vitest'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type CID, DAG_CBOR_CODE, RAW_CODE, type Session, verifyStorage } from '../../src/repository/index.ts'
import type { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

/** Bytes that look random, enough of them to be stored as a delta. */
export const blob = (seed: number): Uint8Array => randomBytes(20_000, seed)

/** The like of another blob, changed in some places. */
export function variant(bytes: Uint8Array, seed: number): Uint8Array {
  const changed = new Uint8Array(bytes)
  for (let place = 0; place < 5; place++) changed.set(randomBytes(30, seed * 10 + place), 3000 * place + 100)
  return changed
}

/** Stores contents and a block that links to them, and points a ref to that. */
export async function commitTree(repository: BlockRepository, name: string, contents: readonly Uint8Array[]): Promise<{ top: CID; leaves: CID[] }> {
  return repository.withSession((session) => putTree(session, name, contents))
}

export async function putTree(session: Session, name: string, contents: readonly Uint8Array[]): Promise<{ top: CID; leaves: CID[] }> {
  const leaves: CID[] = []
  for (const content of contents) leaves.push(await session.put(RAW_CODE, content))
  return { top: await pointTo(session, name, leaves), leaves }
}

export async function pointTo(session: Session, name: string, leaves: readonly CID[]): Promise<CID> {
  const top = await session.put(DAG_CBOR_CODE, encodeCbor(leaves))
  await session.commit({ action: 'test', refs: [{ name, target: top }] })
  return top
}

/** Stores a content as a delta against a block, if that pays. */
export async function putDelta(session: Session, content: Uint8Array, base: CID): Promise<CID> {
  return session.put(RAW_CODE, content, { bases: async () => [base], onMatch: () => undefined })
}

export async function removeRef(repository: BlockRepository, name: string): Promise<void> {
  await repository.withSession((session) => session.commit({ action: 'delete-ref', refs: [{ name, target: null }] }))
}

/** Opens it anew and reads every byte. */
export async function assertSound(storage: MemoryStorage): Promise<BlockRepository> {
  const reopened = await BlockRepository.open(storage, { platform: nodePlatform })
  const { problems, damaged } = await verifyStorage(reopened)
  expect([problems, [...damaged.values()]]).toEqual([[], []])
  return reopened
}
