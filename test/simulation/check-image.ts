import { join, sep } from 'node:path'
import { equalBytes } from '../../src/bytes.ts'
import { cidText } from '../../src/cid/cid.ts'
import { readSnapshot } from '../../src/dataset/snapshot-object.ts'
import { verifyRepository } from '../../src/dataset/verify.ts'
import { openManifest } from '../../src/manifest/manifest.ts'
import { pathToText } from '../../src/manifest/path.ts'
import type { FileCalls } from '../../src/node/file-calls.ts'
import { FolderStorage } from '../../src/node/folder-storage.ts'
import { randomBytes } from '../repository/random-bytes.ts'
import type { History, RefPromise } from './history.ts'
import { SimulatedDisk, type FolderNode } from './simulated-disk.ts'
import { type Files, LOCATION, SimulatedProcess } from './simulated-process.ts'

/** What each ref holds, as roots; a ref that is not there is absent. */
export type Found = ReadonlyMap<string, string>

const AFTER = 'after'
const TEMPORARY = join(LOCATION, 'tmp')
/** What is committed after a restart; some of it may be there, or have been lost. */
const MORE: Files = { 'after.txt': new TextEncoder().encode('written after a restart'), 'a.txt': randomBytes(700, 1), 'x.bin': randomBytes(2500, 20) }

/**
 * Starts again after a power cut: opens the repository, verifies and reads all of it, writes, collects garbage, and verifies and reads all of it once
 * more. Takes the image over. @throws Error if anything is not as it must be; what was promised, the caller compares with the result
 */
export async function checkImage(root: FolderNode, history: History): Promise<{ found: Found; disk: SimulatedDisk }> {
  const disk = new SimulatedDisk(root)
  const found = await firstLook(disk, history)
  const writer = await SimulatedProcess.start(disk.calls, { create: true })
  let at = 0
  const written = await writer.snapshot(AFTER, MORE, { message: 'after a restart', onRoot: (root) => (at = history.attempt(AFTER, root, MORE)) })
  disk.promised({ ref: AFTER, at } satisfies RefPromise)
  await writer.collectGarbage()
  await writer.close()
  const reader = await SimulatedProcess.start(disk.calls)
  const after = await readAll(reader, history)
  await assertTidy(disk, reader)
  await reader.close()
  if (disk.openFiles > 0) throw new Error(`${disk.openFiles} files were left open`)
  const expected = new Map(found).set(AFTER, written)
  if (textOf(after) !== textOf(expected)) throw new Error(`After another commit and a collection the refs are ${textOf(after)} instead of ${textOf(expected)}`)
  return { found, disk }
}

/** The next put sweeps what was left in `tmp/`. Takes the image over. */
export async function checkSweep(root: FolderNode): Promise<void> {
  const disk = new SimulatedDisk(root)
  const storage = new FolderStorage(LOCATION, { calls: disk.calls })
  await storage.put('sessions/made-after-a-restart', new Uint8Array(1))
  await storage.close()
  const left = disk.names(TEMPORARY)
  if (left.length > 0) throw new Error(`${left.join(', ')} were left in tmp/`)
}

async function firstLook(disk: SimulatedDisk, history: History): Promise<Found> {
  const before = disk.trace.length
  let process: SimulatedProcess
  try {
    process = await SimulatedProcess.start(withoutTemporary(disk.calls))
  } catch (error) {
    // No repository yet: whether there had to be one is the caller's to say.
    if ((error as { code?: unknown }).code === 'NOT_FOUND') return new Map()
    throw error
  }
  const found = await readAll(process, history)
  await process.close()
  if (disk.trace.length > before) throw new Error('Reading changed something on the disk')
  return found
}

/** Whoever reads has no business in `tmp/`: what is in there makes no difference to what is found. */
function withoutTemporary(calls: FileCalls): FileCalls {
  const guard = <Result>(call: (path: string) => Result) => (path: string): Result => {
    if (path === TEMPORARY || path.startsWith(TEMPORARY + sep)) throw new Error(`${path} was looked at by a reader`)
    return call(path)
  }
  return { ...calls, open: guard(calls.open), stat: guard(calls.stat), names: guard(calls.names) }
}

/** Verifies the repository, then reads every file of every ref. @throws Error if anything is damaged or has other bytes than expected */
export async function readAll({ blocks }: SimulatedProcess, history: History): Promise<Found> {
  const { ok, damaged, problems } = await verifyRepository(blocks)
  if (!ok) throw new Error(`verify reports ${JSON.stringify({ damaged, problems })}`)
  const found = new Map<string, string>()
  for await (const { name, target } of blocks.refs()) {
    const root = cidText((await readSnapshot(blocks, target)).root)
    found.set(name, root)
    const files = history.files(root)
    if (files === undefined) throw new Error(`${name} holds the root ${root}, which nobody gave it`)
    const manifest = await openManifest(blocks, (await readSnapshot(blocks, target)).root)
    let count = 0
    for await (const { path, value } of manifest.entries({})) {
      const wanted = files[pathToText(path)]
      const bytes = value.kind === 'file' ? await blocks.get(value.cid) : undefined
      if (wanted === undefined || bytes === undefined || !equalBytes(bytes, wanted)) throw new Error(`${name}:${pathToText(path)} has other bytes than were stored`)
      count++
    }
    if (count !== Object.keys(files).length) throw new Error(`${name} holds ${count} files instead of ${Object.keys(files).length}`)
  }
  return found
}

/** After a collection that nobody disturbed there is what the newest record names, and nothing else. */
async function assertTidy(disk: SimulatedDisk, { blocks }: SimulatedProcess): Promise<void> {
  const count = async (prefix: string): Promise<number> => {
    let objects = 0
    for await (const object of blocks.storage.list(prefix)) if (object.size >= 0) objects++
    return objects
  }
  const left = [await count('packs/'), await count('index/'), await count('sessions/'), disk.names(TEMPORARY).length].join(', ')
  const named = [[...blocks.indexes.packs].length, blocks.root.indexes.length, 0, 0].join(', ')
  if (left !== named) throw new Error(`There are ${left} packs, indexes, leases and temporary files; ${named} belong there`)
}

function textOf(found: Found): string {
  return [...found].map(String).sort().join(' ')
}
