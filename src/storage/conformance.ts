import { toHex } from '../bytes.ts'
import { READING } from './conformance-reading.ts'
import { REPOSITORY } from './conformance-repository.ts'
import type { Promised, Trial } from './conformance-trial.ts'
import { WRITING } from './conformance-writing.ts'
import type { Storage } from './interface.ts'
import { assertKey } from './key.ts'

const DELETES_AT_ONCE = 50

/** One promise of `Storage`. `run` rejects, with a message that says what was seen, if the storage breaks it. */
export interface ConformanceCase {
  readonly name: string
  /** What goes wrong with a repository on a storage that breaks it, as a sentence. */
  readonly harm: string
  readonly run: () => Promise<void>
}

export interface ConformanceOptions {
  /** Every key begins with this and `/`. Random by default, so that a storage that holds other objects can be checked. */
  readonly prefix?: string
  /** Two calls of `open` lead to the same objects: adds what is promised between processes. */
  readonly shared?: boolean
  /** The storage cannot be written to. This places objects for it behind its back; what is promised of writing is left out. */
  readonly fill?: (key: string, bytes: Uint8Array) => Promise<void>
  /** False for a storage that cannot list, such as a static web server: what is promised of listings is left out, but that it says so. */
  readonly listing?: boolean
}

/**
 * The promises of `Storage` as cases for any test runner, or for none. Each opens a storage of its own, removes the objects it made, and
 * closes it. All together store some 40 MB in about 1,200 objects. Durability cannot be seen from here and is not checked.
 *
 * @param open a storage that may hold other objects
 * @throws InvalidArgumentError if `options.prefix` is not a key
 *
 * @example
 * for (const { name, run } of storageConformance(async () => new FolderStorage('/mnt/data/repository'))) test(name, run)
 */
export function storageConformance(open: () => Promise<Storage>, options: ConformanceOptions = {}): readonly ConformanceCase[] {
  const prefix = options.prefix ?? `conformance-${toHex(globalThis.crypto.getRandomValues(new Uint8Array(6)))}`
  assertKey(prefix)
  return [...READING, ...WRITING, ...REPOSITORY].filter((promised) => applies(promised, options)).map((promised, index) => ({
    name: promised.name,
    harm: promised.harm,
    run: () => runCase(promised, `${prefix}/${index}`, open, options.fill),
  }))
}

function applies({ on, lists = false }: Promised, { fill, shared = false, listing = true }: ConformanceOptions): boolean {
  if (on === 'unlisted') return !listing
  if (lists && !listing) return false
  if (on === 'all') return true
  if (on === 'read-only') return fill !== undefined
  return fill === undefined && (on === 'writable' || shared)
}

async function runCase(promised: Promised, prefix: string, open: () => Promise<Storage>, fill: ConformanceOptions['fill']): Promise<void> {
  const storage = await open()
  const others: Storage[] = []
  const used = new Set<string>()
  const key = (name: string): string => {
    used.add(`${prefix}/${name}`)
    return `${prefix}/${name}`
  }
  const trial: Trial = {
    storage,
    key,
    async place(name, bytes) {
      await (fill === undefined ? storage.put(key(name), bytes) : fill(key(name), bytes))
      return key(name)
    },
    async openAnother() {
      const other = await open()
      others.push(other)
      return other
    },
  }
  const cleanUp = async (): Promise<void> => {
    try {
      const names = fill === undefined ? [...used] : []
      for (let start = 0; start < names.length; start += DELETES_AT_ONCE) await Promise.all(names.slice(start, start + DELETES_AT_ONCE).map((name) => storage.delete(name)))
    } finally {
      for (const opened of [...others, storage]) await opened.close()
    }
  }
  try {
    await promised.check(trial)
  } catch (error) {
    // What broke first is what matters; a storage that breaks promises may fail to clean up as well.
    await cleanUp().catch(() => undefined)
    throw error
  }
  await cleanUp()
}
