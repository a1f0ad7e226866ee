import { expect, test } from 'vitest'
import { concatBytes, equalBytes, toHex, utf8 } from '../../src/bytes.ts'
import { type CID, cidFromDigest, CID as Cid } from '../../src/cid/cid.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { readCar } from '../../src/dataset/car-reader.ts'
import { pathFromText } from '../../src/manifest/path.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { importTar } from '../../src/node/tar-import.ts'
import { tarEntries } from '../../src/node/tar-entries.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { fuzz } from './fuzz.ts'
import type { Random } from './random.ts'
import { makeSample } from './samples.ts'

const sample = await makeSample(false)
const kept = utf8('what was there before')

/** The bytes as a stream whose pieces break anywhere. */
async function* pieces(bytes: Uint8Array, random: Random): AsyncGenerator<Uint8Array> {
  const size = random.pick([1 + random.below(100), 512, 10_000, bytes.length + 1])
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}

/** A repository that holds something, and a check that it still does, and nothing that is unsound. */
async function withRepository(work: (repository: Repository) => Promise<unknown>): Promise<void> {
  const storage = new MemoryStorage()
  const repository = new Repository(await BlockRepository.create(storage, { platform: nodePlatform }))
  await repository.snapshot([{ path: 'kept', content: kept }], { ref: 'before' })
  let failure: { error: unknown } | undefined
  await work(repository).catch((error: unknown) => (failure = { error }))
  const again = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
  if (!equalBytes(await again.read('before', 'kept'), kept)) throw new TypeError('what was there before has changed')
  const report = await again.verify()
  if (!report.ok) throw new TypeError(`the repository is not sound afterwards: ${JSON.stringify(report)}`)
  const names: string[] = []
  for await (const { name } of again.refs()) names.push(name)
  if (names.join() !== (failure === undefined ? 'before,in' : 'before')) throw new TypeError(`there are other refs afterwards: ${names.join()}`)
  if (failure === undefined) for await (const { path } of again.entries('in')) assertInside(path)
  for await (const { key } of storage.list('sessions/')) throw new TypeError(`a lease is left: ${key}`)
  if (failure !== undefined) throw failure.error
}

function assertInside(path: string): void {
  const segments = new TextDecoder('latin1').decode(pathFromText(path)).split('/')
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..' || segment.includes('\0'))) throw new TypeError(`an entry leads out of the dataset: ${path}`)
}

/** A CAR file in which each block has the CID of what it holds now. Only for files that can still be taken apart. */
function readdressed(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  const hasher = nodePlatform.hasher('sha2-256')
  for (let at = 0; at < bytes.length; ) {
    let [length, shift] = [0, 0]
    const start = at
    do length += ((bytes[at] ?? 0) & 127) * 2 ** (7 * shift++)
    while (((bytes[at++] ?? 0) & 128) !== 0 && shift < 5)
    const section = bytes.subarray(at, at + length)
    at += length
    let [cid, rest]: [CID | undefined, Uint8Array] = [undefined, section]
    try {
      if (start > 0) [cid, rest] = Cid.decodeFirst(section)
    } catch {
      // Not a section any more.
    }
    const isOwn = cid?.code === 0x71 || cid?.code === 0x55
    parts.push(bytes.subarray(start, at - length), ...(cid === undefined || !isOwn ? [section] : [cidFromDigest(hasher, cid.code as 0x55 | 0x71, hasher.digest(rest)).bytes, rest]))
  }
  return concatBytes(parts)
}

test('a CAR file that was changed is imported whole or not at all', async () => {
  const report = await fuzz({
    name: 'CAR', samples: [sample.car, sample.history, sample.car.slice(0, 59), new Uint8Array(0)], mend: (bytes) => (bytes.length % 2 === 0 ? bytes : readdressed(bytes)), rounds: 70, maxBuffers: 256 * 1024 * 1024,
    read: (bytes, random) => withRepository((repository) => repository.importCar(pieces(bytes, random), { ref: 'in' })),
  })
  if (report.rounds > 60) expect(report.refused).toBeGreaterThan(report.rounds / 3)
})

test('the header and the sections of a CAR file are read or refused', async () => {
  await fuzz({
    name: 'CAR header', samples: [sample.car.slice(0, 59), sample.car], rounds: 600,
    async read(bytes, random) {
      for await (const { cid, bytes: block } of (await readCar(pieces(bytes, random))).blocks) if (cid.bytes.length !== 36 || block.length > 1024 * 1024) throw new TypeError(toHex(cid.bytes))
    },
  })
})

/** Every header with the checksum that it needs now. */
function rechecked(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  for (let at = 0; at + 512 <= copy.length; at += 512) {
    if (!equalBytes(copy.subarray(at + 257, at + 262), utf8('ustar'))) continue
    copy.fill(32, at + 148, at + 156)
    const sum = copy.subarray(at, at + 512).reduce((total, byte) => total + byte, 0)
    copy.set(utf8(`${sum.toString(8).padStart(6, '0')}\0 `), at + 148)
  }
  return copy
}

/** Names that a tar file should not have, and kinds of entries that are seldom. */
function withOddHeaders(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  const headers = Array.from({ length: Math.floor(copy.length / 512) }, (_, index) => index * 512).filter((at) => equalBytes(copy.subarray(at + 257, at + 262), utf8('ustar')))
  if (headers.length === 0) return copy
  for (let count = random.below(3); count > 0; count--) {
    const at = random.pick(headers)
    const name = utf8(random.pick(['../up', '/root', 'a/../../b', './/x//', 'con', 'a\\b', '.git/x', 'table.csv', 'table.csv/below', 'folder', '', '.', '..', 'n'.repeat(99)]))
    if (random.chance(0.5)) copy.fill(0, at, at + 100).set(name, at)
    if (random.chance(0.5)) copy[at + 156] = random.pick([0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x78, 0x67, 0x4c, 0x4b, 0x53, 0x41, 0, 0xff])
    if (random.chance(0.3)) copy.fill(0, at + 157, at + 257).set(name, at + 157)
    if (random.chance(0.3)) copy.set(utf8(random.pick(['00000000000', '77777777777', '00000001000', '99999999999', '-0000000001'])), at + 124)
    if (random.chance(0.1)) copy.set([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0], at + 124)
    if (random.chance(0.1)) copy.fill(0xff, at + 124, at + 136)
  }
  return copy
}

test('a tar file that was changed is imported whole or not at all, and has nothing outside of it', async () => {
  const report = await fuzz({
    name: 'tar', samples: [sample.tar, sample.tar.slice(0, 5 * 512), new Uint8Array(1024)], mend: rechecked, rounds: 70, maxBuffers: 256 * 1024 * 1024,
    read: (bytes, random) => {
      const odd = random.chance(0.6) ? rechecked(withOddHeaders(random, bytes)) : bytes
      const reread = (range?: { start: number; end: number }): AsyncGenerator<Uint8Array> => pieces(odd.subarray(range?.start ?? 0, range?.end ?? odd.length), random)
      return withRepository((repository) => importTar(repository, reread(), { ref: 'in', ...(random.chance(0.8) ? { reread } : {}) }))
    },
  })
  if (report.rounds > 60) expect(Math.min(report.read, report.refused)).toBeGreaterThan(report.rounds / 20)
})

test('the entries of a tar file end, and no more is held than it has', async () => {
  await fuzz({
    name: 'tar entries', samples: [sample.tar], mend: rechecked, rounds: 250,
    async read(bytes, random) {
      const odd = random.chance(0.6) ? rechecked(withOddHeaders(random, bytes)) : bytes
      let total = 0
      for await (const { content } of tarEntries(pieces(odd, random))) {
        if (random.chance(0.2)) continue
        for await (const piece of content) total += piece.length
      }
      if (total > odd.length) throw new TypeError('there is more in it than it has')
    },
  })
})
