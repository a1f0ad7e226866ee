import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes } from '../../src/bytes.ts'
import { RAW_CODE } from '../../src/cid/cid.ts'
import { portablePlatform } from '../../src/cid/portable-platform.ts'
import { ArenaPool } from '../../src/repository/arena.ts'
import { PackStream } from '../../src/repository/pack-stream.ts'
import { packable } from '../../src/repository/encode-block.ts'
import { randomBytes } from './random-bytes.ts'

const hasher = portablePlatform.hasher('sha2-256')
const KIB = 1024
const half = randomBytes(512 * KIB, 1)

interface Lender {
  lent: number
  lend(): void
  giveBack(): void
}

function lender(): Lender {
  return {
    lent: 0,
    lend() {
      this.lent++
    },
    giveBack() {
      this.lent--
    },
  }
}

function stream(): PackStream {
  return new PackStream(portablePlatform, hasher, 'data', new ArenaPool())
}

function append(pack: PackStream, bytes: Uint8Array, loan?: Lender): void {
  const digest = hasher.digest(bytes)
  pack.append(RAW_CODE, digest, bytes.length, packable(hasher, digest, { codec: 0, payload: bytes }), loan)
}

async function collected(pack: PackStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of pack) parts.push(new Uint8Array(part))
  return concatBytes(parts)
}

describe('a pack that is written while it fills', () => {
  it('has the size that it says, whether payloads are copied or borrowed', async () => {
    const blocks = [100, 20 * KIB, 0, 1024 * KIB, 15 * KIB, 500 * KIB, 1024 * KIB].map((size, index) => randomBytes(size, index + 1))
    const [copied, borrowed] = [stream(), stream()]
    for (const bytes of blocks) {
      append(copied, bytes)
      append(borrowed, bytes, lender())
    }
    copied.finish()
    borrowed.finish()
    const whole = await collected(copied)
    expect(whole.length).toBe(copied.size)
    expect(equalBytes(await collected(borrowed), whole)).toBe(true)
  })

  it('gives borrowed memory back when the next part is asked for', async () => {
    const loan = lender()
    const pack = stream()
    append(pack, randomBytes(64 * KIB, 1), loan)
    append(pack, randomBytes(64 * KIB, 2), loan)
    pack.finish()
    expect(loan.lent).toBe(2)
    await collected(pack)
    expect(loan.lent).toBe(0)
  })

  it('has room again when little of a long run is left, of which the storage keeps the end until more comes', async () => {
    const loan = lender()
    const pack = stream()
    pack.written(0)
    const run = new Uint8Array(8 * 1024 * KIB)
    pack.appendRun(run, Uint32Array.of(0), loan)
    const room = pack.room()
    expect(room).toBeInstanceOf(Promise)
    pack.written(7 * 1024 * KIB)
    await room
    expect(loan.lent).toBe(1)
    expect(pack.waitingBytes).toBeLessThan(2 * 1024 * KIB)
  })

  it('keeps nothing that comes after it failed', () => {
    const loan = lender()
    const pack = stream()
    pack.fail(new Error('no disk'))
    append(pack, randomBytes(64 * KIB, 1), loan)
    expect(loan.lent).toBe(0)
  })

  it('gives it back no earlier than it is told that it is written', async () => {
    const loan = lender()
    const pack = stream()
    append(pack, randomBytes(64 * KIB, 1), loan)
    append(pack, randomBytes(64 * KIB, 2), loan)
    pack.finish()
    pack.written(0)
    await collected(pack)
    expect(loan.lent).toBe(2)
    pack.written(100 * KIB)
    expect(loan.lent).toBe(1)
    pack.written(pack.size)
    expect(loan.lent).toBe(0)
  })

  it('slows its producer down', async () => {
    const pack = stream()
    let appended = 0
    for (; pack.room() === undefined; appended++) append(pack, half)
    expect(appended).toBeGreaterThan(10)
    expect(appended).toBeLessThan(20)
    const room = pack.room()
    const reading = collected(pack)
    await room
    pack.finish()
    expect((await reading).length).toBe(pack.size)
  })

  it('fails its reader and its producer, and gives memory back, when it cannot be stored', async () => {
    const loan = lender()
    const pack = stream()
    while (pack.room() === undefined) append(pack, half, loan)
    const room = pack.room()
    const error = new Error('disk full')
    pack.fail(error)
    await expect(room).rejects.toBe(error)
    await expect(pack.room()).rejects.toBe(error)
    await expect(collected(pack)).rejects.toBe(error)
    expect(loan.lent).toBe(0)
  })
})
