import { resolve, sep } from 'node:path'
import { systemFailure } from '../node/changed-calls.ts'
import type { FileCalls, FileFacts } from '../../src/node/file-calls.ts'

/** What a name on the disk leads to. Bytes are never changed in place: images and disks share them. */
export interface FileNode {
  readonly kind: 'file'
  readonly id: number
  bytes: Uint8Array
  links: number
}

export interface FolderNode {
  readonly kind: 'folder'
  readonly id: number
  readonly entries: Map<string, DiskNode>
}

export type DiskNode = FileNode | FolderNode

/**
 * What happened to the disk, in the order in which every process could see it. A sync makes durable what happened before event `upTo`, and is an event
 * of its own only when it has returned: what happens meanwhile may or may not be covered by it, and the model says not.
 */
export type DiskEvent =
  | { readonly type: 'entry'; readonly folder: number; readonly name: string; readonly node: DiskNode | undefined }
  | { readonly type: 'write'; readonly file: FileNode; readonly position: number; readonly bytes: Uint8Array }
  | { readonly type: 'synced'; readonly id: number; readonly upTo: number }
  /** A sync of a file failed: the system has dropped what it could not write, and will not try again. */
  | { readonly type: 'dropped'; readonly id: number; readonly upTo: number }
  /** Something was promised to a user, such as that a commit survives. */
  | { readonly type: 'promise'; readonly promise: unknown }

/** Where the disks of all tests are mounted; what is above is somebody else's. */
export const MOUNT: string = resolve('/simulated')

/**
 * A POSIX file system in memory for the folder backend: files with any number of names, folders, descriptors that outlive names. It records
 * every change, so that `CrashStates` can say what a power cut at any moment would leave of it.
 */
export class SimulatedDisk {
  readonly trace: DiskEvent[] = []
  readonly root: FolderNode
  /** The calls of a process on this machine. */
  readonly calls: FileCalls
  readonly #open = new Map<number, FileNode | FolderNode>()
  readonly #turns: () => number
  #nextFile = 3
  #nextNode: number

  /**
   * @param root what the disk holds from the start, all of it durable; the disk takes it over
   * @param turns how many turns of the microtask queue each waiting call takes, so that calls of several writers meet in other orders
   */
  constructor(root: FolderNode = { kind: 'folder', id: 0, entries: new Map() }, turns: () => number = () => 0) {
    this.root = root
    this.#turns = turns
    this.#nextNode = 1 + largestId(root)
    this.calls = this.#makeCalls()
  }

  /** Descriptors that are open now. */
  get openFiles(): number {
    return this.#open.size
  }

  /** Notes in the trace what a user was told. */
  promised(promise: unknown): void {
    this.trace.push({ type: 'promise', promise })
  }

  /** A sync of the open file failed, and the system dropped what was not written. */
  drop(file: number): void {
    this.trace.push({ type: 'dropped', id: this.#opened(file).id, upTo: this.trace.length })
  }

  /** The names in a folder. */
  names(path: string): readonly string[] {
    return [...this.#folder(path).entries.keys()]
  }

  #makeCalls(): FileCalls {
    return {
      open: (path) => this.#descriptor(this.#find(path)),
      create: (path) => {
        const file: FileNode = { kind: 'file', id: this.#nextNode++, bytes: new Uint8Array(0), links: 1 }
        this.#setFree(path, file)
        return this.#descriptor(file)
      },
      openDirect: (path) => this.#descriptor(this.#find(path)),
      close: (file) => {
        this.#opened(file)
        this.#open.delete(file)
      },
      write: async (file, parts, position) => {
        const node = this.#openedFile(file)
        const bytes = joined(parts)
        this.trace.push({ type: 'write', file: node, position, bytes })
        node.bytes = overwritten(node.bytes, bytes, position)
        await this.#wait()
        return bytes.length
      },
      syncFile: async (file) => this.#sync(this.#opened(file)),
      syncFolder: async (path) => this.#sync(this.#folder(path)),
      read: async (file, into, position) => {
        await this.#wait()
        return this.#read(file, into, position)
      },
      readSync: (file, into, position) => this.#read(file, into, position),
      statOpen: (file) => factsOf(this.#opened(file)),
      stat: (path) => {
        const node = this.#lookUp(path)
        return node === undefined ? undefined : factsOf(node)
      },
      link: (path, name) => {
        const node = this.#find(path)
        if (node.kind !== 'file') throw systemFailure('EPERM', path)
        this.#setFree(name, node)
        node.links++
      },
      unlink: (path) => {
        const node = this.#find(path)
        if (node.kind !== 'file') throw systemFailure('EISDIR', path)
        this.#set(path, undefined)
        node.links--
      },
      makeFolder: (path) => this.#setFree(path, { kind: 'folder', id: this.#nextNode++, entries: new Map() }),
      names: (path) => this.#list(path),
    }
  }

  async *#list(path: string): AsyncGenerator<string> {
    const names = [...this.#folder(path).entries.keys()]
    await this.#wait()
    yield* names
  }

  async #sync({ id }: DiskNode): Promise<void> {
    const upTo = this.trace.length
    await this.#wait()
    this.trace.push({ type: 'synced', id, upTo })
  }

  #read(file: number, into: Uint8Array, position: number): number {
    const part = this.#openedFile(file).bytes.subarray(position, position + into.length)
    into.set(part)
    return part.length
  }

  async #wait(): Promise<void> {
    for (let turns = this.#turns(); turns > 0; turns--) await Promise.resolve()
  }

  #descriptor(node: DiskNode): number {
    this.#open.set(this.#nextFile, node)
    return this.#nextFile++
  }

  #opened(file: number): DiskNode {
    const node = this.#open.get(file)
    if (node === undefined) throw systemFailure('EBADF')
    return node
  }

  #openedFile(file: number): FileNode {
    const node = this.#opened(file)
    if (node.kind !== 'file') throw systemFailure('EISDIR')
    return node
  }

  #setFree(path: string, node: DiskNode): void {
    if (this.#place(path).folder.entries.has(this.#place(path).name)) throw systemFailure('EEXIST', path)
    this.#set(path, node)
  }

  #set(path: string, node: DiskNode | undefined): void {
    const { folder, name } = this.#place(path)
    if (node === undefined) folder.entries.delete(name)
    else folder.entries.set(name, node)
    this.trace.push({ type: 'entry', folder: folder.id, name, node })
  }

  #place(path: string): { folder: FolderNode; name: string } {
    const cut = path.lastIndexOf(sep)
    return { folder: this.#folder(path.slice(0, cut)), name: path.slice(cut + 1) }
  }

  #find(path: string): DiskNode {
    const node = this.#lookUp(path)
    if (node === undefined) throw systemFailure('ENOENT', path)
    return node
  }

  #folder(path: string): FolderNode {
    const node = this.#find(path)
    if (node.kind !== 'folder') throw systemFailure('ENOTDIR', path)
    return node
  }

  #lookUp(path: string): DiskNode | undefined {
    if (!path.startsWith(MOUNT)) throw systemFailure('EACCES', path)
    let node: DiskNode | undefined = this.root
    const length = path.endsWith(sep) ? path.length - 1 : path.length
    for (let at = MOUNT.length; at < length && node !== undefined; ) {
      if (node.kind !== 'folder') throw systemFailure('ENOTDIR', path)
      const end = path.slice(0, length).indexOf(sep, at + 1)
      node = node.entries.get(path.slice(at + 1, end < 0 ? length : end))
      at = end < 0 ? length : end
    }
    return node
  }
}

/** No process has this number: Linux counts to 2^22, others not as far. */
const DEAD_PROCESS = 99_999_999
/** Name of a temporary file (src/node/temp-files.ts). */
const TEMP_NAME = /^([0-9a-f]{12})-[0-9]+-([0-9a-f]{16})$/

/** The name of a file as it must be seen after a restart: one that says who made it says that of a process which is gone. */
export function nameAfterRestart(name: string): string {
  return name.replace(TEMP_NAME, `$1-${DEAD_PROCESS}-$2`)
}

/** The folder and all below it as they are now, for another disk after a restart. */
export function copyOf(folder: FolderNode, files: Map<number, FileNode> = new Map()): FolderNode {
  const copy = (node: DiskNode): DiskNode => {
    if (node.kind === 'folder') return copyOf(node, files)
    const file = files.get(node.id) ?? { ...node }
    files.set(node.id, file)
    return file
  }
  return { ...folder, entries: new Map([...folder.entries].map(([name, node]) => [nameAfterRestart(name), copy(node)])) }
}

function factsOf(node: DiskNode): FileFacts {
  return node.kind === 'file' ? { kind: 'file', size: node.bytes.length, links: node.links } : { kind: 'folder', size: 0, links: 1 }
}

function largestId(node: DiskNode): number {
  return node.kind === 'file' ? node.id : Math.max(node.id, ...[...node.entries.values()].map(largestId))
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** New bytes with a part written over; a gap reads as zeros. */
export function overwritten(bytes: Uint8Array, part: Uint8Array, position: number): Uint8Array {
  const result = new Uint8Array(Math.max(bytes.length, position + part.length))
  result.set(bytes)
  result.set(part, position)
  return result
}
