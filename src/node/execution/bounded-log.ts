import * as fs from 'node:fs'

/** What is kept of the beginning, and as much again of the end. */
export const LOG_PART_BYTES: number = 4 * 1024 * 1024

/** A file that takes the first and the last so many bytes of a stream, and says in the middle how many are missing. The end is in memory until the log is closed. */
export class BoundedLog {
  readonly path: string
  readonly #partBytes: number
  readonly #file: number
  #headBytes = 0
  #tail: Buffer[] = []
  #tailBytes = 0
  #lostBytes = 0
  #failure: unknown

  constructor(path: string, partBytes: number = LOG_PART_BYTES) {
    this.path = path
    this.#partBytes = partBytes
    this.#file = fs.openSync(path, 'w')
  }

  /** Never throws: `close` does, with the first trouble that there was. */
  write(bytes: Buffer): void {
    const head = bytes.subarray(0, this.#partBytes - this.#headBytes)
    this.#headBytes += head.length
    this.#put(head)
    if (head.length < bytes.length) this.#keep(bytes.subarray(head.length))
  }

  /** @throws what the system said if something could not be written */
  close(): void {
    try {
      const tail = Buffer.concat(this.#tail)
      const kept = tail.subarray(Math.max(0, tail.length - this.#partBytes))
      const lost = this.#lostBytes + tail.length - kept.length
      if (lost > 0) this.#put(Buffer.from(`\n[… ${lost} bytes left out …]\n`))
      this.#put(kept)
      if (this.#failure !== undefined) throw this.#failure
    } finally {
      fs.closeSync(this.#file)
    }
  }

  #keep(bytes: Buffer): void {
    this.#tail.push(bytes)
    this.#tailBytes += bytes.length
    for (let first = this.#tail[0]; first !== undefined && this.#tailBytes - first.length >= this.#partBytes; first = this.#tail[0]) {
      this.#tail.shift()
      this.#tailBytes -= first.length
      this.#lostBytes += first.length
    }
  }

  #put(bytes: Buffer): void {
    try {
      for (let written = 0; written < bytes.length; ) written += fs.writeSync(this.#file, bytes, written)
    } catch (error) {
      this.#failure ??= error
    }
  }
}
