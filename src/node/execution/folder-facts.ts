import * as fs from 'node:fs'
import { below, type ByteText, byteTextOfPath, lossyText, systemPath } from '../byte-text.ts'
import { isAbsence } from '../system-errors.ts'

/** What the system says of everything in a folder, by path. */
export type FolderFacts = ReadonlyMap<ByteText, string>

const WRITE_BITS = 0o222n
/** Between looks at other events, so that progress and signals get through. */
const LONGEST_TURN_MS = 30
/** In code folders this is left alone: what is loaded from there is checked then. */
const PACKAGES = /(^|\/)node_modules$/

/** `code`: packages in it are looked at only from outside. */
export type FolderKind = 'code' | 'data'

/**
 * Takes away the right to write from all in a folder, links aside, and returns its facts. What is written all the same, as root can, changes these. Costs up to three system calls an
 * entry, and some 200 bytes each while the facts are kept.
 */
export function freezeFolder(folder: string, kind: FolderKind): Promise<FolderFacts> {
  return factsOf(folder, kind, (path, facts) => {
    if (facts.isSymbolicLink() || (facts.mode & WRITE_BITS) === 0n) return facts
    fs.chmodSync(path, Number(facts.mode & 0o7777n & ~WRITE_BITS))
    return fs.lstatSync(path, { bigint: true })
  })
}

/** The facts as they are now. */
export function readFolderFacts(folder: string, kind: FolderKind): Promise<FolderFacts> {
  return factsOf(folder, kind, (_path, facts) => facts)
}

async function factsOf(folder: string, kind: FolderKind, look: (path: string | Buffer, facts: fs.BigIntStats) => fs.BigIntStats): Promise<FolderFacts> {
  const found = new Map<ByteText, string>()
  const top = byteTextOfPath(folder)
  const pending: ByteText[] = ['' as ByteText]
  let turnStarted = performance.now()
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const absolute = path === '' ? top : below(top, path)
    const facts = look(systemPath(absolute), fs.lstatSync(systemPath(absolute), { bigint: true }))
    found.set(path, shown(facts))
    if (facts.isDirectory() && !(kind === 'code' && PACKAGES.test(path))) {
      for (const name of fs.readdirSync(systemPath(absolute), { encoding: 'latin1' })) pending.push((path === '' ? name : below(path, name)) as ByteText)
    }
    if (performance.now() - turnStarted > LONGEST_TURN_MS) {
      await new Promise((resolve) => setImmediate(resolve))
      turnStarted = performance.now()
    }
  }
  return found
}

/** Of a folder only that it is one: what is in it speaks for itself. */
function shown(facts: fs.BigIntStats): string {
  return facts.isDirectory() ? `folder ${facts.mode}` : `${facts.mode} ${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`
}

/** What has changed in a folder since its facts were read, in words; empty if nothing has. */
export async function changesSince(before: FolderFacts, folder: string, kind: FolderKind): Promise<string[]> {
  let after: FolderFacts
  try {
    after = await readFolderFacts(folder, kind)
  } catch (error) {
    if (isAbsence(error)) return ['something was removed']
    throw error
  }
  const changes: string[] = []
  for (const [path, facts] of before) {
    const now = after.get(path)
    if (now !== facts) changes.push(`${lossyText(path) || 'the folder itself'} was ${now === undefined ? 'removed' : 'changed'}`)
  }
  for (const path of after.keys()) if (!before.has(path)) changes.push(`${lossyText(path)} was added`)
  return changes
}
