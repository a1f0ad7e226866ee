import { describe, expect, it } from 'vitest'
import { BaseCache } from '../../src/repository/base-cache.ts'

const held = (entry: readonly Uint8Array[]): readonly Uint8Array[] => entry

describe('a cache of bases', () => {
  it('counts what several entries hold once, until the last of them is dropped', () => {
    const cache = new BaseCache<readonly Uint8Array[]>(1000, held)
    const shared = new Uint8Array(600)
    cache.set('a', [shared, new Uint8Array(100)])
    cache.set('b', [shared, new Uint8Array(200)])
    expect(cache.heldBytes).toBe(900)
    cache.set('c', [new Uint8Array(300)])
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, undefined])
    expect(cache.heldBytes).toBe(300)
  })

  it('drops what was unused for longest, and counts an entry that is set again as it is now', () => {
    const cache = new BaseCache<readonly Uint8Array[]>(1000, held)
    cache.set('a', [new Uint8Array(400)])
    cache.set('b', [new Uint8Array(400)])
    cache.get('a')
    cache.set('c', [new Uint8Array(400)])
    expect(['a', 'b', 'c'].map((name) => cache.get(name)?.length)).toEqual([1, undefined, 1])
    cache.set('a', [new Uint8Array(100)])
    expect(cache.heldBytes).toBe(500)
  })

  it('keeps the newest, however large', () => {
    const cache = new BaseCache<readonly Uint8Array[]>(1000, held)
    cache.set('a', [new Uint8Array(5000)])
    expect(cache.get('a')).toBeDefined()
  })
})
