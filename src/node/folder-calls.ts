import * as fs from 'node:fs'
import { type ByteText, systemPath } from './byte-text.ts'

/** What the system knows of a file, exact to the nanosecond. */
export type EntryFacts = Readonly<Pick<fs.BigIntStats, 'dev' | 'ino' | 'mode' | 'size' | 'mtimeNs' | 'ctimeNs'>>

/** What kind of thing a path leads to; `special` is a device, socket or named pipe. */
export type EntryType = 'file' | 'folder' | 'symlink' | 'special'

/**
 * Every call that reading a folder makes to the system, so that tests can put another one underneath. Synchronous: for many small files a
 * promise, or a stream, costs 4 to 20 times what the call does. They fail with errors whose `code` is the system's.
 */
export interface FolderCalls {
  /** The names in a folder, in no particular order. */
  readonly names: (folder: ByteText) => ByteText[]
  /** What a path is, without following it if it is a link; undefined if there is nothing. */
  readonly facts: (path: ByteText) => EntryFacts | undefined
  /** Where a link leads. */
  readonly target: (path: ByteText) => Uint8Array
  /** Opens a file for reading. Does not follow a link (fails with ELOOP) and does not wait for the other end of a pipe. */
  readonly open: (path: ByteText) => number
  readonly openFacts: (file: number) => EntryFacts
  /** Reads from where the last read ended. Returns how many bytes; 0 is the end of the file. */
  readonly read: (file: number, into: Uint8Array) => number
  readonly close: (file: number) => void
}

// Windows lacks the last two, and undefined counts as 0 here; its links need privileges to make, and its pipes are not in folders.
const OPEN_FLAGS: number = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK

/** The calls of the system that this process runs on. */
export const nodeFolderCalls: FolderCalls = {
  names: (folder) => fs.readdirSync(systemPath(folder), { encoding: 'latin1' }) as ByteText[],
  facts(path) {
    const stats = fs.lstatSync(systemPath(path), LSTAT_OPTIONS)
    return stats === undefined ? undefined : factsOf(stats)
  },
  target: (path) => fs.readlinkSync(systemPath(path), { encoding: 'buffer' }),
  open: (path) => fs.openSync(systemPath(path), OPEN_FLAGS),
  openFacts: (file) => factsOf(fs.fstatSync(file, FSTAT_OPTIONS)),
  read: (file, into) => fs.readSync(file, into),
  close: (file) => fs.closeSync(file),
}

const LSTAT_OPTIONS = { bigint: true, throwIfNoEntry: false } as const
const FSTAT_OPTIONS = { bigint: true } as const

/** Facts are kept while their file waits its turn; all that the system says of it would take five times the memory. */
function factsOf({ dev, ino, mode, size, mtimeNs, ctimeNs }: fs.BigIntStats): EntryFacts {
  return { dev, ino, mode, size, mtimeNs, ctimeNs }
}

const TYPE_MASK = 0o170000
const OWNER_MAY_EXECUTE = 0o100

export function typeOf({ mode }: Pick<EntryFacts, 'mode'>): EntryType {
  switch (Number(mode) & TYPE_MASK) {
    case 0o100000: return 'file'
    case 0o040000: return 'folder'
    case 0o120000: return 'symlink'
    default: return 'special'
  }
}

/** As git has it, the owner's bit alone decides: the others depend on the umask of whoever made the file. Never set on Windows. */
export function isExecutable({ mode }: Pick<EntryFacts, 'mode'>): boolean {
  return (Number(mode) & OWNER_MAY_EXECUTE) !== 0
}

/** True if both are of one file. */
export function isSameFile(a: Pick<EntryFacts, 'dev' | 'ino'>, b: Pick<EntryFacts, 'dev' | 'ino'>): boolean {
  return a.ino === b.ino && a.dev === b.dev
}
