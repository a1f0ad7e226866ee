import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FolderPort, FolderReadOptions } from '../../src/dataset/interface.ts'
import type { ManifestEntry } from '../../src/manifest/interface.ts'
import { pathToText } from '../../src/manifest/path.ts'
import { nodeFolders } from '../../src/node/folder-port.ts'
import { HashingStore } from './hashing-store.ts'

/** Folders that live as long as a test file. */
export class MadeFolders {
  readonly base: string = fs.mkdtempSync(join(tmpdir(), 'varve-folders-'))
  #count = 0

  /** A new folder with these files; a name that ends in `/` is an empty folder. */
  make(files: Readonly<Record<string, string>> = {}): string {
    const folder = join(this.base, `${this.#count++}`)
    fs.mkdirSync(folder)
    for (const [name, content] of Object.entries(files)) {
      if (name.endsWith('/')) fs.mkdirSync(join(folder, name), { recursive: true })
      else {
        fs.mkdirSync(join(folder, name, '..'), { recursive: true })
        fs.writeFileSync(join(folder, name), content)
      }
    }
    return folder
  }

  remove(): void {
    fs.rmSync(this.base, { recursive: true, force: true })
  }
}

/** All entries of a folder. */
export async function entriesOf(folder: string, options: FolderReadOptions = {}, port: FolderPort = nodeFolders(), store: HashingStore = new HashingStore()): Promise<ManifestEntry[]> {
  const entries: ManifestEntry[] = []
  for await (const entry of port.read(folder, store, options)) entries.push(entry)
  return entries
}

/** Paths as text; folders that are entries end in `/`. */
export function pathsOf(entries: readonly ManifestEntry[]): string[] {
  return entries.map(({ path, value }) => `${pathToText(path)}${value.kind === 'directory' ? '/' : ''}`)
}

/** Entries in a form that compares and prints well. */
export function described(entries: readonly ManifestEntry[]): string[] {
  return entries.map(({ path, value }) => {
    const detail = 'cid' in value ? `${value.size} ${value.cid.toString()}` : 'target' in value ? pathToText(value.target) : ''
    return `${value.kind} ${pathToText(path)} ${detail}`.trimEnd()
  })
}

/** Sets the times of files back, so that they are not of this moment. */
export function makeOld(folder: string, ...names: readonly string[]): void {
  const past = new Date(Date.now() - 3_600_000)
  for (const name of names) fs.utimesSync(join(folder, name), past, past)
}
