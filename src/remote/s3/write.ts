import { randomBytes } from 'node:crypto'
import { toHex } from '../../bytes.ts'
import { AlreadyExistsError } from '../../errors.ts'
import { RequestFailure } from '../requests/request-failure.ts'
import type { S3Connection } from './connection.ts'
import { headObject, headOnce } from './head-object.ts'

/** One call of `put`. Of all its requests that may have succeeded without an answer, each says whose it was. */
export class Write {
  readonly id: string = toHex(randomBytes(16))
  readonly key: string
  /** Whether the store is asked to refuse what exists; otherwise it is looked up. */
  readonly conditional: boolean
  readonly signal: AbortSignal | undefined
  readonly #connection: S3Connection
  readonly #location: string

  constructor(connection: S3Connection, key: string, location: string, conditional: boolean, signal: AbortSignal | undefined) {
    this.#connection = connection
    this.key = key
    this.#location = location
    this.conditional = conditional
    this.signal = signal
  }

  /**
   * What it means that the store refused a condition, or an upload is gone: this write came first, or another did.
   * @throws AlreadyExistsError; `failure`, to be tried again, if there is no object after all, as after a deletion or while another write is under way
   */
  async refused(attempt: number, failure: RequestFailure): Promise<'stored'> {
    const found = await headOnce(this.#connection, this.key, attempt, this.signal)
    if (found?.writeId === this.id) return 'stored'
    if (found !== undefined) throw this.taken()
    throw new RequestFailure({ ...failure.details, again: 'soon', what: 'the store refuses an object that is not there', reason: 'ECONFLICT' })
  }

  /** @throws AlreadyExistsError if there is an object */
  async assertFree(): Promise<void> {
    if ((await headObject(this.#connection, this.key, this.signal)) !== undefined) throw this.taken()
  }

  taken(): AlreadyExistsError {
    return new AlreadyExistsError(`Object "${this.key}" is already in ${this.#location}`, { data: { key: this.key } })
  }
}

/** True if the store says that the key is taken, or that others write it at this moment. */
export function isRefusedCondition({ details }: RequestFailure): boolean {
  return details.status === 412 || details.status === 409
}

/**
 * Ends a write: when the last attempt failed without a word on what became of it, the object is asked for once more.
 * @throws what `work` threw, unless the object turns out to be this write's
 */
export async function settleWrite(connection: S3Connection, write: Write, work: () => Promise<'stored'>): Promise<void> {
  try {
    await work()
  } catch (error) {
    write.signal?.throwIfAborted()
    if (!(error instanceof RequestFailure) || error.details.again === 'never') throw error
    const found = await headOnce(connection, write.key, 1, write.signal).catch(() => undefined)
    if (found?.writeId !== write.id) throw error
  }
}
