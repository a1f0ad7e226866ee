/** Writes operations and literals. */
export function encodeOperations(operations: Int32Array, count: number, target: Uint8Array, literals: number): Uint8Array {
  const list = new Uint8Array(count * 12 + 12)
  let end = 0
  let sourceEnd = 0
  let produced = 0
  for (let index = 0; index < count * 3; index += 3) {
    const insert = operations[index] as number
    const copy = operations[index + 1] as number
    const from = operations[index + 2] as number
    end = writeVarint(list, end, insert)
    end = writeVarint(list, end, copy)
    const move = from - sourceEnd
    end = writeVarint(list, end, ((move << 1) ^ (move >> 31)) >>> 0)
    sourceEnd = from + copy
    produced += insert + copy
  }
  const rest = target.length - produced
  if (rest > 0) {
    end = writeVarint(list, end, rest)
  }
  const whole = new Uint8Array(5 + end + literals)
  let at = writeVarint(whole, 0, end)
  whole.set(list.subarray(0, end), at)
  at += end
  let read = 0
  for (let index = 0; index < count * 3; index += 3) {
    const insert = operations[index] as number
    whole.set(target.subarray(read, read + insert), at)
    at += insert
    read += insert + (operations[index + 1] as number)
  }
  whole.set(target.subarray(read), at)
  return whole.subarray(0, at + rest)
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  while (value >= 128) {
    bytes[at++] = (value & 127) | 128
    value >>>= 7
  }
  bytes[at++] = value
  return at
}
