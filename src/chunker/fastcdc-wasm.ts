import { fastcdcWasm } from './fastcdc-wasm.generated.ts'
import { gearTable } from './gear.ts'
import type { ChunkerProfile, Cutter } from './interface.ts'

/** Where the window begins in the module's memory: after the gear table, at the next page of the machine. */
const WINDOW_ADDRESS = 4096
const GEAR_ENTRY_SIZE_BYTES = 8
const WASM_PAGE_SIZE_BYTES: number = 64 * 1024

type Search = (at: number, center: number, end: number, mask: bigint, maskLarge: bigint) => number

const compiled: { own?: WebAssembly.Module; shared?: WebAssembly.Module } = {}

/**
 * Cuts in WebAssembly, at about 4 GB/s (see `fastcdc.wat`). Memory: the window, plus 64 KiB at most.
 * The constructor throws what the runtime throws where WebAssembly is missing, forbidden, or out of address space.
 */
export class WasmCutter implements Cutter {
  readonly profile: ChunkerProfile
  readonly memory: Uint8Array
  readonly #search: Search

  /** @param window its size in bytes, or memory from `sharedWindow`, which cutters in other threads may serve at the same time */
  constructor(profile: ChunkerProfile, window: number | SharedWindow, gear: Readonly<BigUint64Array> = gearTable()) {
    this.profile = profile
    const isOwn = typeof window === 'number'
    const [memory, size] = isOwn ? [newMemory(window, false), window] : [window.memory, window.sizeBytes]
    // Compiled on the calling thread: so small a module is allowed to be, on a browser's main thread too.
    const module = (compiled[isOwn ? 'own' : 'shared'] ??= new WebAssembly.Module(fastcdcWasm(isOwn ? 'own' : 'shared')))
    const table = new DataView(memory.buffer)
    for (const [byte, value] of gear.entries()) table.setBigUint64(byte * GEAR_ENTRY_SIZE_BYTES, value, true)
    this.memory = new Uint8Array(memory.buffer, WINDOW_ADDRESS, size)
    this.#search = new WebAssembly.Instance(module, { host: { memory } }).exports.search as Search
  }

  cut(offset: number, length: number): number {
    const { minSizeBytes, averageSizeBytes, maxSizeBytes, maskSmall, maskLarge } = this.profile
    if (length <= minSizeBytes) return length
    const start = WINDOW_ADDRESS + offset
    const end = Math.min(length, maxSizeBytes)
    // The paper's loop takes two bytes a turn, so an odd last byte is never tested.
    const searchEnd = start + (end & ~1)
    const center = start + (Math.min(length, averageSizeBytes) & ~1)
    const found = this.#search(start + minSizeBytes, center, searchEnd, maskSmall, maskLarge)
    return found === searchEnd ? end : found - start
  }
}

/** Memory that cutters in several threads can be made for. A message to another thread shares it. */
export interface SharedWindow {
  readonly memory: WebAssembly.Memory
  readonly sizeBytes: number
}

/** The constructor's errors are those of `WasmCutter`. Memory that is never touched costs address space only. */
export function sharedWindow(sizeBytes: number): SharedWindow {
  return { memory: newMemory(sizeBytes, true), sizeBytes }
}

function newMemory(windowSizeBytes: number, shared: boolean): WebAssembly.Memory {
  const pages = Math.ceil((WINDOW_ADDRESS + windowSizeBytes) / WASM_PAGE_SIZE_BYTES)
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
}
