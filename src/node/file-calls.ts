import * as fs from 'node:fs'

/** What is known of a file without reading it. `links` is the number of names it has: 0 once it is deleted and only open. */
export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'other'
  readonly size: number
  readonly links: number
}

/**
 * Every call that the folder backend makes to the system, so that tests can put another one underneath. What waits for a disk returns a
 * promise; the rest is synchronous, because a promise costs several times what such a call does. All but `stat` fail with errors whose
 * `code` is the system's (ENOENT, EEXIST, ENOSPC, …).
 */
export interface FileCalls {
  /** Opens a file for reading. */
  readonly open: (path: string) => number
  /** Creates a file for writing. Fails with EEXIST if the name is taken. */
  readonly create: (path: string) => number
  /** Opens a file once more for writing, past the system's cache: see `StagedWriter` for what can be written. Undefined or an error where there is no such thing. */
  readonly openDirect: (path: string) => number | undefined
  /** Closes a file that any of them opened. */
  readonly close: (file: number) => void
  /** Writes parts one after the other from `position` on. Returns how many bytes were written, which may be fewer than there are. */
  readonly write: (file: number, parts: readonly Uint8Array[], position: number) => Promise<number>
  /** Returns once what was written to the file survives a power cut. */
  readonly syncFile: (file: number) => Promise<void>
  /** Returns once the names in the folder survive a power cut. */
  readonly syncFolder: (path: string) => Promise<void>
  /** Fills `into` from `position` on. Returns how many bytes were read; 0 is the end of the file. */
  readonly read: (file: number, into: Uint8Array, position: number) => Promise<number>
  readonly readSync: (file: number, into: Uint8Array, position: number) => number
  /** Facts of an open file. */
  readonly statOpen: (file: number) => FileFacts
  /** Facts of what the path leads to, or undefined if there is nothing. */
  readonly stat: (path: string) => FileFacts | undefined
  /** Gives a file a second name. Fails with EEXIST if the name is taken. */
  readonly link: (path: string, name: string) => void
  readonly unlink: (path: string) => void
  /** Creates one folder. Fails with EEXIST if the name is taken, with ENOENT if the parent is missing. */
  readonly makeFolder: (path: string) => void
  /** The names in a folder, in no particular order. */
  readonly names: (path: string) => AsyncIterable<string>
}

/** Names that are read from a folder at a time. At Node's default of 32 a listing of 100,000 took up to 1.7 times as long. */
const NAMES_PER_READ = 512

/** Codes by which a file system says that folders cannot be synced, because it has no need or no means. */
const NO_FOLDER_SYNC: ReadonlySet<string | undefined> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** The calls of the system that this process runs on. */
export const nodeFileCalls: FileCalls = {
  open: (path) => fs.openSync(path, 'r'),
  create: (path) => fs.openSync(path, 'wx'),
  // Linux alone has the flag.
  openDirect: (path) => (fs.constants.O_DIRECT === undefined ? undefined : fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_DIRECT)),
  close: (file) => fs.closeSync(file),
  write: (file, parts, position) =>
    new Promise((resolve, reject) => {
      fs.writev(file, parts, position, (error, written) => (error === null ? resolve(written) : reject(error)))
    }),
  syncFile: (file) =>
    new Promise((resolve, reject) => {
      fs.fsync(file, (error) => (error === null ? resolve() : reject(error)))
    }),
  async syncFolder(path) {
    // Windows cannot open a folder for this; NTFS journals names by itself.
    if (process.platform === 'win32') return
    const folder = fs.openSync(path, 'r')
    try {
      await nodeFileCalls.syncFile(folder)
    } catch (error) {
      if (!NO_FOLDER_SYNC.has((error as NodeJS.ErrnoException).code)) throw error
    } finally {
      fs.closeSync(folder)
    }
  },
  read: (file, into, position) =>
    new Promise((resolve, reject) => {
      fs.read(file, into, 0, into.length, position, (error, count) => (error === null ? resolve(count) : reject(error)))
    }),
  readSync: (file, into, position) => fs.readSync(file, into, 0, into.length, position),
  statOpen: (file) => factsOf(fs.fstatSync(file)),
  stat(path) {
    const stats = fs.statSync(path, { throwIfNoEntry: false })
    return stats === undefined ? undefined : factsOf(stats)
  },
  link: (path, name) => fs.linkSync(path, name),
  unlink: (path) => fs.unlinkSync(path),
  makeFolder(path) {
    fs.mkdirSync(path)
  },
  async *names(path) {
    for await (const entry of await fs.promises.opendir(path, { bufferSize: NAMES_PER_READ })) yield entry.name
  },
}

function factsOf(stats: fs.Stats): FileFacts {
  return { kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other', size: stats.size, links: stats.nlink }
}
