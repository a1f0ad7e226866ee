import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/bytes.ts'
import { chacha8Random, labelledKey } from '../../src/recipe/random.ts'

interface Vectors {
  readonly key: string
  readonly words: readonly (readonly [number, string])[]
  readonly sha256OfFirst372: string
  readonly below: readonly number[]
  readonly streams: readonly { seed: string; step: string; label: string; file?: string; key: string; float: number[]; ints: number[]; shuffle: number[] }[]
}

const vectors = JSON.parse(readFileSync('test/vectors/random.json', 'utf8')) as Vectors

describe('ChaCha8Rand', () => {
  it('gives the published output, across three keys', () => {
    const random = chacha8Random(utf8(vectors.key))
    const hash = createHash('sha256')
    const drawn = Array.from({ length: 372 }, () => random.nextBigUint64())
    for (const number of drawn) hash.update(new Uint8Array(BigUint64Array.of(number).buffer))
    expect(vectors.words.map(([at]) => [at, drawn[at]?.toString(16).padStart(16, '0')])).toEqual(vectors.words)
    expect(hash.digest('hex')).toBe(vectors.sha256OfFirst372)
  })

  it.each(vectors.streams)('gives what Go gives for $seed, $step, $label, $file', ({ seed, step, label, file, ...expected }) => {
    const key = labelledKey(seed, step, label, file)
    const random = chacha8Random(key)
    const float = [random.nextFloat(), random.nextFloat()]
    const ints = vectors.below.map((below) => random.nextInt(below))
    const items = [...Array(10).keys()]
    expect({ key: toHex(key), float, ints, shuffle: random.shuffle(items) }).toEqual(expected)
    expect(items).toEqual([...Array(10).keys()])
  })

  it('takes a key from within a larger buffer', () => {
    const padded = utf8(`..${vectors.key}`)
    expect(chacha8Random(padded.subarray(2)).nextBigUint64()).toBe(0xb773b6063d4616a5n)
  })

  it('refuses keys of another length, and ranges that are none', () => {
    expect(() => chacha8Random(new Uint8Array(31))).toThrow('32 bytes')
    const random = chacha8Random(utf8(vectors.key))
    for (const below of [0, -1, 1.5, 2 ** 53, Number.NaN]) expect(() => random.nextInt(below)).toThrow('whole number from 1')
  })

  it('favours no number', () => {
    const random = chacha8Random(labelledKey('', 'test', 'uniform'))
    const counts = [0, 0, 0]
    // Without refusal, a third of 2^53 and a bit, the lowest third would come up twice as often as the others.
    const below = 3 * 2 ** 51
    for (let draw = 0; draw < 30_000; draw++) {
      const third = Math.floor(random.nextInt(below) / 2 ** 51)
      counts[third] = (counts[third] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })
})
