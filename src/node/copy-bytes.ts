/**
 * Copies `from` into `into` at `position`. To or from memory that threads share, `set` copies word by word, or byte by byte if the two are not aligned alike: at 2.2 GB/s, and 3.5 times
 * as fast at best. `fill` copies as the system's library does. Nobody else may be writing to either.
 */
export function copyBytes(from: Uint8Array, into: Uint8Array, position: number): void {
  if (from.length > into.length - position) throw new RangeError(`There is no room for ${from.length} bytes`)
  if (from.length > 0) Buffer.prototype.fill.call(into, from, position, position + from.length)
}
