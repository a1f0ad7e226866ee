import { hash } from 'node:crypto'
import { ChunkWindow, DEFAULT_PROFILE, PlainCutter, readChunks, WasmCutter } from 'varve/chunker'

/**
 * Both twins of the chunker, and the faster one with what a snapshot adds to it: filling the window and hashing.
 * @param {Uint8Array} content
 * @returns {import('./rounds.mjs').Piece[]}
 * @throws Error if the twins do not cut at the same places
 */
export function chunkingPieces(content) {
  const wasm = filled(new WasmCutter(DEFAULT_PROFILE, content.length), content)
  const plain = filled(new PlainCutter(DEFAULT_PROFILE, content.length), content)
  if (cutAll(wasm).join() !== cutAll(plain).join()) throw new Error('The two chunkers do not cut at the same places')
  const window = new ChunkWindow()
  const bytes = { unit: /** @type {const} */ ('bytes'), amount: content.length }
  return [
    { name: 'chunk, WebAssembly', ...bytes, run: () => cutAll(wasm) },
    { name: 'chunk, plain JavaScript', ...bytes, run: () => cutAll(plain) },
    { name: 'copy in, chunk, hash', ...bytes, run: () => chunkAndHash(window, content) },
  ]
}

/** @template {import('varve/chunker').Cutter} C @param {C} cutter @param {Uint8Array} content @returns {C} */
function filled(cutter, content) {
  cutter.memory.set(content)
  return cutter
}

/** Lengths of all chunks in the window. @param {import('varve/chunker').Cutter} cutter */
function cutAll(cutter) {
  const size = cutter.memory.length
  /** @type {number[]} */
  const lengths = []
  for (let offset = 0; offset < size; ) {
    const length = cutter.cut(offset, size - offset)
    lengths.push(length)
    offset += length
  }
  return lengths
}

/** @param {ChunkWindow} window @param {Uint8Array} content */
function chunkAndHash(window, content) {
  let read = 0
  const chunks = readChunks(window, (space) => {
    const part = content.subarray(read, read + space.length)
    space.set(part)
    read += part.length
    return part.length
  })
  for (const chunk of chunks) hash('sha256', chunk, 'buffer')
}
