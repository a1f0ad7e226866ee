const FIELDS = 3
/** Three numbers of at most five bytes. */
const MAX_OPERATION_SIZE_BYTES = 15

/**
 * Takes down the copies that make up a block; what lies between them is literal. Written as the length of the list of operations, the list, and all literals
 * one after the other (FORMAT.md, section 7): so like stands by like, which is what a compressor wants.
 */
export class DeltaScript {
  #operations: Int32Array = new Int32Array(FIELDS * 1024)
  #count = 0
  #literals = 0
  #target: Uint8Array = new Uint8Array(0)
  /** Where in the source the last copy ended. */
  sourceEnd = 0
  /** How far the last copy's source was ahead of its target. */
  drift = 0
  /** Bytes of the target up to the end of the last copy. */
  produced = 0

  begin(target: Uint8Array): void {
    this.#target = target
    this.#count = this.#literals = this.sourceEnd = this.drift = this.produced = 0
  }

  /** Copies `length` bytes of the source from `from` to `at`, which is not before the end of the last copy. */
  copy(at: number, from: number, length: number): void {
    if ((this.#count + 1) * FIELDS > this.#operations.length) {
      const larger = new Int32Array(this.#operations.length * 2)
      larger.set(this.#operations)
      this.#operations = larger
    }
    const slot = this.#count++ * FIELDS
    this.#operations[slot] = at - this.produced
    this.#operations[slot + 1] = length
    this.#operations[slot + 2] = from - this.sourceEnd
    this.#literals += at - this.produced
    this.sourceEnd = from + length
    this.drift = from - at
    this.produced = at + length
  }

  finish(): Uint8Array {
    const rest = this.#target.length - this.produced
    const list = new Uint8Array((this.#count + 1) * MAX_OPERATION_SIZE_BYTES)
    let listSize = 0
    for (let slot = 0; slot < this.#count * FIELDS; slot += FIELDS) {
      listSize = writeVarint(list, listSize, this.#operations[slot] as number)
      listSize = writeVarint(list, listSize, this.#operations[slot + 1] as number)
      const move = this.#operations[slot + 2] as number
      listSize = writeVarint(list, listSize, ((move << 1) ^ (move >> 31)) >>> 0)
    }
    if (rest > 0) listSize = writeVarint(list, listSize, rest)
    const script = new Uint8Array(5 + listSize + this.#literals + rest)
    let end = writeVarint(script, 0, listSize)
    script.set(list.subarray(0, listSize), end)
    end += listSize
    let read = 0
    for (let slot = 0; slot < this.#count * FIELDS; slot += FIELDS) {
      const literal = this.#operations[slot] as number
      script.set(this.#target.subarray(read, read + literal), end)
      end += literal
      read += literal + (this.#operations[slot + 1] as number)
    }
    script.set(this.#target.subarray(read), end)
    return script.subarray(0, end + rest)
  }
}

/** An unsigned number, seven bits a byte, lowest first. Returns where it ends. */
function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  let end = at
  for (; rest >= 128; rest >>>= 7) bytes[end++] = (rest & 127) | 128
  bytes[end++] = rest
  return end
}
