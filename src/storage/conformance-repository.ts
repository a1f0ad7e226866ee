import { VarveError } from '../errors.ts'
import { broken, expectBytes, expectPresent, patternBytes, sizesBelow, type Promised, type Trial } from './conformance-trial.ts'

/** More than object stores list in one answer (S3: 1,000), so that a client which forgets to ask for the rest is found out. */
const MANY_OBJECTS = 1050
const PUTS_AT_ONCE = 50

/** Contents that a storage which takes bytes for text, or thinks that it knows better, would change. */
const CONTENTS: Readonly<Record<string, readonly number[]>> = {
  'every-byte': Array.from({ length: 256 }, (_, value) => value),
  zeros: Array<number>(4096).fill(0),
  'ends-in-zeros': [1, 2, 3, ...Array<number>(700).fill(0)],
  lines: [13, 10, 10, 13, 26, 13, 10],
  'byte-order-mark': [0xef, 0xbb, 0xbf, 0x7b, 0x7d, 10],
  'not-utf8': [0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80],
  gzip: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0],
}

async function placeMany({ place }: Trial, folder: string): Promise<Set<string>> {
  const names = Array.from({ length: MANY_OBJECTS }, (_, index) => `${folder}/${String(index).padStart(12, '0')}`)
  const keys = new Set<string>()
  for (let start = 0; start < names.length; start += PUTS_AT_ONCE) {
    for (const key of await Promise.all(names.slice(start, start + PUTS_AT_ONCE).map((name) => place(name, new Uint8Array(0))))) keys.add(key)
  }
  return keys
}

/** Reads an object that is being put until `done` says that it is there. Every answer must be absence or the whole. */
async function watch({ storage }: Trial, key: string, bytes: Uint8Array, done: () => boolean): Promise<void> {
  while (!done()) {
    const size = (await storage.stat(key))?.size ?? bytes.length
    if (size !== bytes.length) broken(`stat says ${size} instead of ${bytes.length} bytes while an object is being put`)
    const read = await storage.get(key).catch((error: unknown) => {
      if (error instanceof VarveError && error.code === 'NOT_FOUND') return undefined
      throw error
    })
    if (read !== undefined) expectBytes(read, bytes, 'an object that is being put')
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
}

/** What a repository does with a storage that smaller trials leave out. */
export const REPOSITORY: readonly Promised[] = [
  {
    name: 'a listing of more than 1,000 objects is whole',
    harm: 'In a repository that has grown, garbage collection would take live packs for lost ones and leases for ended ones.',
    on: 'all',
    lists: true,
    async check(trial) {
      const keys = await placeMany(trial, 'many')
      const listed = await sizesBelow(trial.storage, `${trial.key('many')}/`)
      const missing = [...keys].find((key) => !listed.has(key))
      if (missing !== undefined) broken(`list shows ${listed.size} of ${keys.size} objects; "${missing}" is missing`)
      if (listed.size !== keys.size) broken(`list shows ${listed.size} instead of ${keys.size} objects`)
    },
  },
  {
    name: 'keys as long as those of a repository, which differ only at their ends, are different objects',
    harm: 'One pack or root record would take the place of another.',
    on: 'all',
    async check({ storage, place }) {
      const id = 'b9d40f9a33a14c0e8f6c1f8d7e5a2b3'
      const names = ['packs/b9/ID0.pack', 'packs/b9/ID1.pack', 'packs/b9/ID1.pack2', 'index/ID0.idx', 'index/ID1.idx', 'log/000000000009', 'log/000000000010', 'hints/000000000009', 'sessions/ID0', 'config.json', 'config.json-']
      const placed = new Map<string, Uint8Array>()
      for (const [index, name] of names.entries()) {
        const bytes = patternBytes(20 + index, index)
        placed.set(await place(name.replace('ID', id), bytes), bytes)
      }
      for (const [key, bytes] of placed) await expectPresent(storage, key, bytes, 'beside objects with similar keys')
    },
  },
  {
    name: 'bytes come back as they were stored, whatever they are',
    harm: 'Blocks would be reported as damaged when they are read.',
    on: 'all',
    async check({ storage, place }) {
      for (const [name, content] of Object.entries(CONTENTS)) {
        const bytes = Uint8Array.from(content)
        await expectPresent(storage, await place(`contents/${name}`, bytes), bytes, 'after put')
      }
    },
  },
  {
    name: 'who reads an object while it is being created sees nothing or all of it',
    harm: 'A reader could see half of a root record or a pack and take it for damage.',
    on: 'writable',
    async check(trial) {
      for (const size of [3000, 4 * 1024 * 1024]) {
        const bytes = patternBytes(size, size)
        const key = trial.key(`beside/${size}`)
        let done = false
        const put = trial.storage.put(key, bytes).finally(() => (done = true))
        await Promise.all([put, watch(trial, key, bytes, () => done)])
        await expectPresent(trial.storage, key, bytes, 'after put')
      }
    },
  },
]
