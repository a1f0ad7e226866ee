import { describe, expect, it } from 'vitest'
import { gearTable } from '../../src/chunker/gear.ts'
import { DEFAULT_PROFILE, fastcdcProfile } from '../../src/chunker/profiles.ts'
import { gearByDefinition } from './reference.ts'

describe('the gear table', () => {
  it('holds the first 8 bytes of MD5 of each byte value repeated 64 times', () => {
    expect([...gearTable()]).toEqual([...gearByDefinition()])
  })
})

describe('the default profile', () => {
  it('has the figures of FORMAT.md', () => {
    expect(DEFAULT_PROFILE).toEqual({
      name: 'fastcdc2020-64K-256K-1M',
      minSizeBytes: 65_536,
      averageSizeBytes: 262_144,
      maxSizeBytes: 1_048_576,
      maskSmall: 0x0000d91747537000n,
      maskLarge: 0x0000d90303537000n,
    })
  })
})

describe('fastcdcProfile', () => {
  it('gives each power of two masks with 2 bits more and 2 bits less', () => {
    for (let bits = 8; bits <= 22; bits++) {
      const profile = fastcdcProfile({ minSizeBytes: 64, averageSizeBytes: 2 ** bits, maxSizeBytes: 2 ** 23 })
      expect(popCount(profile.maskSmall)).toBe(bits + 2)
      expect(popCount(profile.maskLarge)).toBe(bits - 2)
    }
  })

  it('names sizes that are no whole KiB in bytes', () => {
    expect(fastcdcProfile({ minSizeBytes: 4096, averageSizeBytes: 16_384, maxSizeBytes: 65_535 }).name).toBe('fastcdc2020-4K-16K-65535')
  })

  it.each([
    ['an odd minimum', 4097, 16_384, 65_536],
    ['a minimum below the reach of the hash', 32, 256, 1024],
    ['an average that is no power of two', 4096, 16_000, 65_536],
    ['an average that is too small', 64, 128, 1024],
    ['an average that is too large', 64, 2 ** 23, 2 ** 24],
    ['a minimum above the average', 32_768, 16_384, 65_536],
    ['a maximum below the average', 4096, 16_384, 8192],
    ['a maximum that is no whole number', 4096, 16_384, 65_536.5],
    ['a maximum beyond 16 MiB', 4096, 16_384, 2 ** 25],
    ['no number', 4096, Number.NaN, 65_536],
  ])('refuses %s', (_what, minSizeBytes, averageSizeBytes, maxSizeBytes) => {
    expect(() => fastcdcProfile({ minSizeBytes, averageSizeBytes, maxSizeBytes })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

function popCount(mask: bigint): number {
  return mask.toString(2).replaceAll('0', '').length
}
