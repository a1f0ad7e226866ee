/** Bytes of all that a storage holds. @param {any} storage */
export async function sizeOf(storage) {
  let bytes = 0
  for await (const { size } of storage.list('')) bytes += size
  return bytes
}
