import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { concatBytes } from '../../bytes.ts'
import { NotFoundError, StorageError } from '../../errors.ts'

const NEWLINE = 0x0a

/** Reads blobs of a git repository, one after another, through one process. Memory: what is on its way through a pipe, whatever the size of a blob. */
export class BlobReader {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #parts: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  /** @param words of git that come before the command, such as `--git-dir` */
  constructor(words: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn('git', [...words, 'cat-file', '--batch'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    this.#child.on('error', () => undefined)
    this.#child.stdin.on('error', () => undefined)
    this.#parts = this.#child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /**
   * The content of one blob; all of it must be taken before the next is asked for.
   * @throws NotFoundError if git does not have it; @throws StorageError if git ends
   */
  async *read(id: string): AsyncGenerator<Uint8Array, void, undefined> {
    if (!this.#child.stdin.write(`${id}\n`)) await once(this.#child.stdin, 'drain')
    const [, kind, length] = (await this.#line()).split(' ')
    if (kind !== 'blob') throw new NotFoundError(`git does not have the content ${id}`, { data: { id }, hint: 'A shallow or partial clone lacks some: run `git fetch --unshallow`, or clone it whole.' })
    for (let left = Number(length); left > 0; ) {
      const part = (await this.#more()).subarray(0, left)
      this.#rest = this.#rest.subarray(part.length)
      left -= part.length
      yield part
    }
    // A line ends each answer.
    await this.#more()
    this.#rest = this.#rest.subarray(1)
  }

  close(): void {
    this.#child.stdin.end()
    this.#child.kill('SIGKILL')
  }

  async #line(): Promise<string> {
    let line = ''
    for (;;) {
      const bytes = await this.#more()
      const end = bytes.indexOf(NEWLINE)
      line += bytes.subarray(0, end < 0 ? bytes.length : end).toString('latin1')
      this.#rest = bytes.subarray(end < 0 ? bytes.length : end + 1)
      if (end >= 0) return line
    }
  }

  /** What has come and was not taken, at least a byte. */
  async #more(): Promise<Buffer> {
    if (this.#rest.length === 0) {
      const { value, done } = await this.#parts.next()
      if (done === true) throw new StorageError('git ended before it had given all that it was asked for', { data: { reason: 'EPIPE' } })
      this.#rest = value
    }
    return this.#rest
  }
}

/** All of a blob that is known to be small. */
export async function gathered(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part.slice())
  return concatBytes(all)
}
