import { below, type ByteText, lossyText } from './byte-text.ts'
import { type EntryFacts, type FolderCalls, nodeFolderCalls, typeOf } from './folder-calls.ts'
import { Pace } from './pace.ts'
import { tickOf } from './read-file.ts'

/** Kernel ticks, by which stamps lag behind the clock, are at most 10 ms. Linux takes the time of a stamp from the last tick. */
export const STAMP_TICK_MS = 20
const NS_PER_MS = 1_000_000n

/**
 * Paths below a folder, relative and as readable text, that were made or changed at `sinceMs` (Unix time) or later, going by their times. The folder
 * itself is not looked at: to rename it changes its times. A modification time that lies in the future was set by somebody, and means nothing.
 *
 * What escapes this: an entry that was only removed, right in the folder; times on a file system whose clock is behind by more than `sinceMs` allows for.
 *
 * @param limit most paths that are returned; the walk ends with the last of them
 * @throws the system's error if a folder cannot be listed. Costs one `lstat` for each entry
 */
export async function changedSince(folder: ByteText, sinceMs: number, limit: number, calls: FolderCalls = nodeFolderCalls): Promise<string[]> {
  const changed: string[] = []
  const pace = new Pace(undefined, () => undefined)
  const waiting = ['' as ByteText]
  for (let prefix = waiting.pop(); prefix !== undefined; prefix = waiting.pop()) {
    for (const name of calls.names(prefix === '' ? folder : below(folder, prefix)).toSorted()) {
      const path = prefix === '' ? name : below(prefix, name)
      const facts = calls.facts(below(folder, path))
      if (facts === undefined) continue
      if (isChanged(facts, sinceMs)) changed.push(lossyText(path))
      if (changed.length === limit) return changed
      if (typeOf(facts) === 'folder') waiting.push(path)
      await pace.pause()
    }
  }
  return changed
}

function isChanged(facts: EntryFacts, sinceMs: number): boolean {
  const bound = BigInt(Math.floor(sinceMs) - tickOf(facts, STAMP_TICK_MS)) * NS_PER_MS
  return facts.ctimeNs >= bound || (facts.mtimeNs >= bound && facts.mtimeNs <= BigInt(Date.now()) * NS_PER_MS)
}
