import * as fs from 'node:fs'
import { promisify } from 'node:util'

const fsync: (file: number) => Promise<void> = promisify(fs.fsync)

/** Makes files durable and closes them while others are written, two at a time. */
export class SyncQueue {
  #last: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  /** Takes over an open file. A promise must be waited for before the next one. */
  add(file: number): Promise<void> | undefined {
    const previous = this.#last
    this.#last = this.#sync(file)
    return previous
  }

  /** Resolves when all files are durable and closed. Fails with what the system said of the first that is not. */
  async drain(): Promise<void> {
    await this.#last
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #sync(file: number): Promise<void> {
    try {
      await fsync(file)
    } catch (error) {
      this.#failure ??= { error }
    }
    try {
      fs.closeSync(file)
    } catch (error) {
      this.#failure ??= { error }
    }
  }
}

/** Makes the names in a folder durable, where the system can. */
export function syncFolder(path: string | Buffer): void {
  // Windows cannot open a folder for this; NTFS journals names by itself.
  if (process.platform === 'win32') return
  const folder = fs.openSync(path, 'r')
  try {
    fs.fsyncSync(folder)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error
  } finally {
    fs.closeSync(folder)
  }
}
