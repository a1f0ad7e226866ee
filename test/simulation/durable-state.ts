import { hash } from 'node:crypto'
import type { DiskEvent, DiskNode, FileNode, FolderNode } from './simulated-disk.ts'
import { nameAfterRestart, overwritten } from './simulated-disk.ts'

/** One name in one folder: what a power cut surely leaves there, and what was done to it since. */
export interface Register {
  /** Tells it from all others. */
  readonly number: number
  /** The folder that the name is in. */
  readonly folder: number
  readonly name: string
  durable: DiskNode | undefined
  pending: { readonly at: number; readonly node: DiskNode | undefined }[]
}

/** The content of one file, in the same way. */
export interface Content {
  readonly file: FileNode
  durable: Uint8Array
  pending: { readonly at: number; readonly position: number; readonly bytes: Uint8Array }[]
}

/** What a power cut made of everything that was not durable. */
export interface Fate {
  /** How many of the pending changes of a name survived, from the first on. */
  readonly entry: (register: Register) => number
  /** The bytes that are left of a file with pending writes. */
  readonly bytes: (content: Content) => Uint8Array
}

/** What is on the disk after a power cut. Valid until the next event is applied. */
export interface Image {
  /** Equal for equal images. */
  readonly signature: string
  /** The same without what is in `tmp/`. */
  readonly objects: string
  readonly mount: () => FolderNode
}

const ALIVE: Fate['entry'] = ({ pending }) => pending.length

/** All changes survived: what a process sees that runs on. */
export const NOTHING_LOST: Fate = { entry: ALIVE, bytes: fullBytes }
/** Only what was synced survived. */
export const ALL_LOST: Fate = { entry: () => 0, bytes: ({ durable }) => durable }

/** Follows a trace, event by event, and knows at each what is durable and what is not. */
export class DurableState {
  readonly #root: number
  readonly #folders = new Map<number, Map<string, Register>>()
  readonly #contents = new Map<number, Content>()
  /** With pending changes; the latest changed last. */
  readonly #dirty = new Set<Register>()
  readonly #unwritten = new Set<Content>()
  #nextNumber = 0

  constructor(root: FolderNode) {
    this.#root = root.id
    this.#addDurable(root)
  }

  get registers(): readonly Register[] {
    return [...this.#dirty]
  }

  get contents(): readonly Content[] {
    return [...this.#unwritten]
  }

  /** @param at number of the event in its trace */
  apply(event: DiskEvent, at: number): void {
    switch (event.type) {
      case 'entry': {
        const register = this.#register(event.folder, event.name)
        register.pending.push({ at, node: event.node })
        this.#dirty.delete(register)
        this.#dirty.add(register)
        return
      }
      case 'write': {
        const content = this.#content(event.file)
        content.pending.push({ at, position: event.position, bytes: event.bytes })
        this.#unwritten.add(content)
        return
      }
      case 'synced':
        return this.#sync(event.id, event.upTo)
      case 'dropped':
        return this.#drop(event.id, event.upTo)
      case 'promise':
    }
  }

  /** What a power cut now leaves, if this is the fate of what is not durable. */
  image(fate: Fate): Image {
    const all = new SetHash()
    const objects = new SetHash()
    const visit = (folder: number, isTemporary: boolean): void => {
      for (const register of this.#folders.get(folder)?.values() ?? []) {
        const node = survivor(register, fate)
        if (node === undefined) continue
        const content = node.kind === 'file' ? this.#contents.get(node.id) : undefined
        // Bytes that are durable are those that the number stands for; others are told apart by what they are.
        const text = content === undefined || content.pending.length === 0 ? '' : hash('sha1', fate.bytes(content))
        all.add(register.number, node.id, text)
        if (!isTemporary) objects.add(register.number, node.id, text)
        if (node.kind === 'folder') visit(node.id, isTemporary || register.name === 'tmp')
      }
    }
    visit(this.#root, false)
    return { signature: all.text, objects: objects.text, mount: () => this.#mount(this.#root, fate, new Map()) }
  }

  #mount(id: number, fate: Fate, files: Map<number, FileNode>): FolderNode {
    const entries = new Map<string, DiskNode>()
    for (const register of this.#folders.get(id)?.values() ?? []) {
      const node = survivor(register, fate)
      if (node === undefined) continue
      const name = nameAfterRestart(register.name)
      if (node.kind === 'folder') {
        entries.set(name, this.#mount(node.id, fate, files))
        continue
      }
      let file = files.get(node.id)
      if (file === undefined) {
        const content = this.#contents.get(node.id)
        const bytes = content === undefined ? new Uint8Array(0) : content.pending.length === 0 ? content.durable : fate.bytes(content)
        files.set(node.id, (file = { kind: 'file', id: node.id, bytes, links: 0 }))
      }
      file.links++
      entries.set(name, file)
    }
    return { kind: 'folder', id, entries }
  }

  #sync(id: number, upTo: number): void {
    for (const register of this.#folders.get(id)?.values() ?? []) {
      if (register.pending.length === 0) continue
      const covered = register.pending.findLastIndex(({ at }) => at < upTo) + 1
      if (covered > 0) register.durable = register.pending[covered - 1]?.node
      register.pending = register.pending.slice(covered)
      if (register.pending.length > 0) continue
      this.#dirty.delete(register)
      if (register.durable === undefined) this.#folders.get(id)?.delete(register.name)
    }
    const content = this.#contents.get(id)
    if (content === undefined) return
    const [covered, rest] = [content.pending.filter(({ at }) => at < upTo), content.pending.filter(({ at }) => at >= upTo)]
    content.durable = fullBytes({ ...content, pending: covered })
    content.pending = rest
    if (rest.length === 0) this.#unwritten.delete(content)
  }

  /** What was written is lost although it can still be read; only its size is known to the disk (Rebello et al., ATC '20, table 3). */
  #drop(id: number, upTo: number): void {
    const content = this.#contents.get(id)
    if (content === undefined) return
    content.pending = content.pending.map((write) => (write.at < upTo ? { ...write, bytes: new Uint8Array(write.bytes.length) } : write))
  }

  #register(folder: number, name: string): Register {
    let names = this.#folders.get(folder)
    if (names === undefined) this.#folders.set(folder, (names = new Map()))
    let register = names.get(name)
    if (register === undefined) names.set(name, (register = { number: this.#nextNumber++, folder, name, durable: undefined, pending: [] }))
    return register
  }

  #content(file: FileNode): Content {
    let content = this.#contents.get(file.id)
    if (content === undefined) this.#contents.set(file.id, (content = { file, durable: new Uint8Array(0), pending: [] }))
    return content
  }

  #addDurable(folder: FolderNode): void {
    for (const [name, node] of folder.entries) {
      this.#register(folder.id, name).durable = node
      if (node.kind === 'folder') this.#addDurable(node)
      else this.#content(node).durable = node.bytes
    }
  }
}

/** The content with all its pending writes. */
export function fullBytes({ durable, pending }: Pick<Content, 'durable' | 'pending'>): Uint8Array {
  return pending.reduce((bytes, write) => overwritten(bytes, write.bytes, write.position), durable)
}

function survivor(register: Register, fate: Fate): DiskNode | undefined {
  const survived = register.pending.length === 0 ? 0 : fate.entry(register)
  return survived === 0 ? register.durable : register.pending[survived - 1]?.node
}

/** A hash of a set, whatever the order in which it is gone through: the sums of two hashes of its items. */
class SetHash {
  #a = 0
  #b = 0

  add(register: number, node: number, bytes: string): void {
    let hash = Math.imul(register + 1, 0x9e3779b1) ^ Math.imul(node + 1, 0x85ebca6b)
    for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes.charCodeAt(at), 0x01000193)
    this.#a = (this.#a + mixed(hash, register)) >>> 0
    this.#b = (this.#b + mixed(hash + 0x27d4eb2f, node)) >>> 0
  }

  get text(): string {
    return `${this.#a.toString(36)}-${this.#b.toString(36)}`
  }
}

function mixed(hash: number, salt: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x2c1b3c6d) + salt
  value = Math.imul(value ^ (value >>> 12), 0x297a2d39)
  return (value ^ (value >>> 15)) >>> 0
}
