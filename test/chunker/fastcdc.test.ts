import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PlainCutter } from '../../src/chunker/fastcdc-plain.ts'
import { WasmCutter } from '../../src/chunker/fastcdc-wasm.ts'
import { gearTable } from '../../src/chunker/gear.ts'
import type { Cutter } from '../../src/chunker/interface.ts'
import { type ChunkSizes, fastcdcProfile } from '../../src/chunker/profiles.ts'
import { generatedInput, type InputRecipe } from './generated-input.ts'
import { referenceCut } from './reference.ts'

interface GeneratedVectors {
  readonly profile: ChunkSizes & { readonly name: string }
  readonly cases: readonly { readonly note?: string; readonly input: InputRecipe; readonly sha256: string; readonly chunks: readonly [number, string][] }[]
}

interface PublishedVectors {
  readonly input: { readonly sha256: string }
  readonly profile: ChunkSizes
  readonly cases: readonly { readonly seed: number; readonly chunks: readonly [number, number, string, string][] }[]
}

const CUTTERS = { WasmCutter, PlainCutter }
const WINDOW_SIZE_BYTES = 11 * 1024 * 1024

function vectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Cuts an input that fits the window. */
function cutAll(cutter: Cutter, bytes: Uint8Array): Uint8Array[] {
  cutter.memory.set(bytes)
  const chunks: Uint8Array[] = []
  let offset = 0
  do {
    const length = cutter.cut(offset, bytes.length - offset)
    chunks.push(cutter.memory.subarray(offset, offset + length))
    offset += length
  } while (offset < bytes.length)
  return chunks
}

describe.each(['fastcdc2020-default', 'fastcdc2020-small'])('vectors %s, confirmed by the Rust crate', (file) => {
  const { profile: stated, cases } = vectors(file) as GeneratedVectors
  const profile = fastcdcProfile(stated)
  const cutters = Object.entries(CUTTERS).map(([name, Cutter]) => ({ name, cutter: new Cutter(profile, WINDOW_SIZE_BYTES) }))

  it('are of the profile that they name', () => {
    expect(profile.name).toBe(stated.name)
  })

  it.each(cases)('$input.generator, $input.size bytes: $note', ({ input, sha256: wanted, chunks }) => {
    const bytes = generatedInput(input)
    expect(sha256(bytes)).toBe(wanted)
    for (const { name, cutter } of cutters) {
      expect(cutAll(cutter, bytes).map((chunk) => [chunk.length, sha256(chunk)]), name).toEqual(chunks)
    }
  })
})

const image = process.env.VARVE_FASTCDC_IMAGE || undefined

describe.skipIf(image === undefined)('vectors of the Remote Execution API (skipped unless VARVE_FASTCDC_IMAGE is the path of their input)', () => {
  const { input, profile: sizes, cases } = vectors('fastcdc2020-rea') as PublishedVectors
  const profile = fastcdcProfile(sizes)
  const bytes = image === undefined ? new Uint8Array(0) : new Uint8Array(readFileSync(image))

  it('are for this input', () => {
    expect(sha256(bytes)).toBe(input.sha256)
  })

  it.each(cases)('are met with seed $seed', ({ seed, chunks }) => {
    const gear = gearTable().map((value) => value ^ BigInt(seed))
    const wanted = chunks.map(([, length, digest]) => [length, digest])
    for (const Cutter of Object.values(CUTTERS)) {
      expect(cutAll(new Cutter(profile, 1024 * 1024, gear), bytes).map((chunk) => [chunk.length, sha256(chunk)])).toEqual(wanted)
    }
  })

  it.each(cases)('are met by the wording of FORMAT.md, fingerprints included, with seed $seed', ({ seed, chunks }) => {
    const gear = gearTable().map((value) => value ^ BigInt(seed))
    for (const [offset, length, , fingerprint] of chunks.slice(0, -1)) {
      const found = referenceCut(profile, gear, bytes.subarray(offset))
      expect(found.length).toBe(length)
      expect(String(BigInt.asUintN(64, length % 2 === 0 ? (found.hash ?? 0n) * 2n : (found.hash ?? 0n)))).toBe(fingerprint)
    }
  })
})
