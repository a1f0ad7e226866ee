import * as fs from 'node:fs'
import { join } from 'node:path'
import { Repository } from '../../../src/dataset/repository.ts'
import { type FolderCalls, nodeFolderCalls } from '../../../src/node/folder-calls.ts'
import { nodeFolders } from '../../../src/node/folder-port.ts'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { BlockRepository } from '../../../src/repository/index.ts'
import { RECORD_SIZE_BYTES } from '../../../src/repository/index-format.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import type { Storage } from '../../../src/storage/interface.ts'

/** `SEGMENT_SIZE_BYTES`, by value: a change of it should be noticed here. */
export const SEGMENT: number = 8 * 1024 * 1024

/** Calls that are not the system's own, so that the threads, which make their own, are not used. */
const ALONE: FolderCalls = { ...nodeFolderCalls }

/** A port that reads on this thread (0), or by so many threads from the first byte on. */
export function portOf(threads: number): ReturnType<typeof nodeFolders> {
  return threads === 0 ? nodeFolders({ calls: ALONE }) : nodeFolders({ threads: { count: threads, fromBytes: 0 } })
}

/** A repository whose folders are read by so many threads. */
export async function repositoryWith(threads: number, storage: Storage = new MemoryStorage(), isThere = false): Promise<Repository> {
  const blocks = isThere ? await BlockRepository.open(storage, { platform: nodePlatform }) : await BlockRepository.create(storage, { platform: nodePlatform })
  return new Repository(blocks, { folders: portOf(threads) })
}

/** Digests of all blocks that a repository stores, each as often as it is stored. */
export async function storedDigests({ blocks }: Repository): Promise<string[]> {
  await blocks.refresh()
  const digests: string[] = []
  for (const file of blocks.indexes.files) {
    for await (const page of file.pages()) for (let at = 0; at < page.length; at += RECORD_SIZE_BYTES) digests.push(Buffer.from(page.subarray(at, at + 32)).toString('hex'))
  }
  return digests.sort()
}

/** Writes files, whose names are bytes in latin1, and makes them older than any tick. */
export function writeTree(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, content] of files) {
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')])
    const slash = name.lastIndexOf('/')
    if (slash > 0) fs.mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name.slice(0, slash), 'latin1')]), { recursive: true })
    fs.writeFileSync(path, content)
  }
  rest()
}

/** Waits until files that were just written count as settled. */
export function rest(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30)
}

/** Names and contents below a folder; names are bytes in latin1. */
export function readTree(folder: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  const visit = (below: string): void => {
    const absolute = Buffer.concat([Buffer.from(folder), Buffer.from(below === '' ? '' : `/${below}`, 'latin1')])
    for (const entry of fs.readdirSync(absolute, { encoding: 'buffer', withFileTypes: true })) {
      const name = join(below, entry.name.toString('latin1'))
      if (entry.isDirectory()) visit(name)
      else found.set(name, fs.readFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')])))
    }
  }
  visit('')
  return found
}

/** Random-looking bytes, made four at a time. */
export function noise(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = Math.imul(seed + 1, 0x9e3779b1)
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return new Uint8Array(words.buffer, 0, length)
}

/** Few different bytes: long stretches in which no cut is found, so that segments' cuts need not meet. */
export function fewValued(length: number, seed: number): Uint8Array {
  return noise(length, seed).map((byte) => (byte < 4 ? 1 : 0))
}
