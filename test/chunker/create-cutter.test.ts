import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCutter, DEFAULT_WINDOW_SIZE_BYTES } from '../../src/chunker/create-cutter.ts'
import { PlainCutter } from '../../src/chunker/fastcdc-plain.ts'
import { WasmCutter } from '../../src/chunker/fastcdc-wasm.ts'
import { DEFAULT_PROFILE } from '../../src/chunker/profiles.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('createCutter', () => {
  it('uses WebAssembly where the runtime has it', () => {
    const cutter = createCutter()
    expect(cutter).toBeInstanceOf(WasmCutter)
    expect(cutter.profile).toBe(DEFAULT_PROFILE)
    expect(cutter.memory).toHaveLength(DEFAULT_WINDOW_SIZE_BYTES)
  })

  it('uses plain JavaScript where there is no WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined)
    expect(createCutter()).toBeInstanceOf(PlainCutter)
  })

  it('uses plain JavaScript where WebAssembly finds no address space', () => {
    vi.stubGlobal('WebAssembly', {
      ...WebAssembly,
      Module: WebAssembly.Module,
      Memory: function outOfMemory() {
        throw new RangeError('WebAssembly.Memory(): could not allocate memory')
      },
    })
    expect(createCutter()).toBeInstanceOf(PlainCutter)
  })

  it.each([0, 1024 * 1024, 2 ** 31, 2.5e6 + 0.5])('refuses a window of %s bytes', (size) => {
    expect(() => createCutter(DEFAULT_PROFILE, size)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
