/** Bytes that look random and are the same in every run: xorshift32 from a seed. */
export function randomBytes(length: number, seed: number): Uint8Array {
  let state = (seed + 1) * 0x9e3779b1
  return Uint8Array.from({ length }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state & 0xff
  })
}
