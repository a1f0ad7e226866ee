import { expect, test } from 'vitest'
import { concatBytes, equalBytes, utf8 } from '../../src/bytes.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { decodeConfig, encodeConfig } from '../../src/repository/config.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { decodeLease, encodeLease, leaseKey, listLeases } from '../../src/repository/lease.ts'
import { RootLog } from '../../src/repository/root-log.ts'
import { decodeRootRecord, encodeRootRecord } from '../../src/repository/root-record.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { fuzz } from './fuzz.ts'
import { makeSample, storageWith } from './samples.ts'

const hasher = nodePlatform.hasher('sha2-256')
const { objects } = await makeSample(false)
const records = [...objects].filter(([key]) => key.startsWith('log/')).map(([, bytes]) => bytes)

/** The body with the hash of what it is now. */
function resealed(bytes: Uint8Array): Uint8Array {
  const body = bytes.subarray(0, Math.max(0, bytes.length - 32))
  return concatBytes([body, hasher.digest(body)])
}

test('root records encode to the same bytes again', async () => {
  expect(records.length).toBeGreaterThan(3)
  const report = await fuzz({
    name: 'root records', samples: records, cbor: true, mend: resealed, rounds: 1500,
    read(bytes, random) {
      const { record } = decodeRootRecord(hasher, 1 + random.below(records.length), bytes)
      if (!equalBytes(encodeRootRecord(hasher, record), bytes)) throw new Error('it reads what it does not write')
    },
  })
  if (report.rounds > 1000) expect(report.read).toBeGreaterThan(10)
})

test('leases encode to the same bytes again, and one that cannot be read still counts', async () => {
  const lease = { id: '00112233445566778899aabbccddeeff', host: 'somewhere', process: 4711, started: '2026-01-01T00:00:00.000Z', base: 3 }
  const key = leaseKey(lease.id)
  await fuzz({
    name: 'leases', samples: [encodeLease(hasher, lease)], cbor: true, mend: resealed, rounds: 800,
    async read(bytes) {
      const storage = new MemoryStorage()
      await storage.put(key, bytes)
      const leases = await listLeases(storage, hasher).catch((error: unknown) => {
        throw new Error('a lease that cannot be read keeps the others from being seen', { cause: error })
      })
      if (leases.length !== 1) throw new Error('a lease is overlooked')
      if (!equalBytes(encodeLease(hasher, decodeLease(hasher, key, bytes)), bytes)) throw new Error('it reads what it does not write')
    },
  })
})

test('config.json is read or refused', async () => {
  const config = objects.get('config.json') as Uint8Array
  const others = ['null', '[]', '{}', '"text"', '{"format":2}', '{"format":1,"features":["x"]}', '{"format":1e400}', `{"format":1,"features":${'['.repeat(9000)}${']'.repeat(9000)}}`].map(utf8)
  await fuzz({
    name: 'config.json', samples: [config, ...others], rounds: 1500,
    read(bytes) {
      const read = decodeConfig(bytes, 'memory')
      if (JSON.stringify(decodeConfig(encodeConfig(read), 'memory')) !== JSON.stringify(read)) throw new Error('it reads what it does not write')
    },
  })
})

test('hints that lie are refused or do no harm', async () => {
  const last = Math.max(...[...objects.keys()].filter((key) => key.startsWith('log/')).map((key) => Number(key.slice(4))))
  await fuzz({
    name: 'hints', samples: ['1', '3', '000000000002', '64', '9007199254740993', '-1', '1e3', '0x3', 'x'].map(utf8), rounds: 150,
    async read(bytes) {
      const storage = await storageWith(objects)
      const name = [...bytes].map((byte) => String.fromCharCode(byte)).join('').toLowerCase().replace(/[^a-z0-9._-]/g, '') || '5'
      if (name === '.' || name === '..') return
      await storage.put(`hints/${name}`, new Uint8Array(0))
      expect((await new RootLog(storage, hasher).newest()).record.number).toBe(last)
      await BlockRepository.open(storage, { platform: nodePlatform })
    },
  })
})
