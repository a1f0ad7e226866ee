import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import { xxh32 } from '../../src/manifest/xxh32.ts'

interface Vectors {
  readonly buffers: readonly { readonly length: number; readonly seed: number; readonly xxh32: string }[]
  readonly texts: readonly { readonly text: string; readonly seed: number; readonly xxh32: string }[]
}

const vectors = JSON.parse(readFileSync(new URL('../vectors/xxh32.json', import.meta.url), 'utf8')) as Vectors

function sanityBuffer(length: number): Uint8Array {
  let generator = 2654435761n
  return Uint8Array.from({ length }, () => {
    const byte = Number(generator >> 56n)
    generator = BigInt.asUintN(64, generator * 11400714785074694797n)
    return byte
  })
}

describe('xxh32', () => {
  it.each(vectors.buffers)('agrees with the reference implementation on $length bytes, seed $seed', ({ length, seed, xxh32: expected }) => {
    expect(xxh32(sanityBuffer(length), seed).toString(16).padStart(8, '0')).toBe(expected)
  })

  it.each(vectors.texts)('agrees with published values on "$text", seed $seed', ({ text, seed, xxh32: expected }) => {
    expect(xxh32(utf8(text), seed).toString(16).padStart(8, '0')).toBe(expected)
  })

  it('does not depend on where the bytes lie in their buffer', () => {
    const bytes = sanityBuffer(103)
    expect(xxh32(bytes.subarray(3), 7)).toBe(xxh32(bytes.slice(3), 7))
  })
})
