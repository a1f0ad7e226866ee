import { concatBytes } from '../bytes.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { ObjectBody } from './interface.ts'

/**
 * The parts of a body, in order, whatever shape it has. Stops with the signal's reason before the first part, between parts, and
 * after the last.
 * @throws InvalidArgumentError for a part that is not a Uint8Array, which would otherwise be stored as something else
 */
export async function* bodyParts(body: ObjectBody, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted()
  for await (const part of body instanceof Uint8Array ? [body] : body) {
    if (!(part instanceof Uint8Array)) throw new InvalidArgumentError(`The body of an object must be made of Uint8Array, not ${typeof part}`)
    signal?.throwIfAborted()
    yield part
  }
  signal?.throwIfAborted()
}

/** All of a body in one new array, which shares no memory with it. A producer may reuse a part's memory once the next is asked for. */
export async function collectBody(body: ObjectBody, signal?: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of bodyParts(body, signal)) parts.push(new Uint8Array(part))
  const [first] = parts
  return parts.length === 1 && first !== undefined ? first : concatBytes(parts)
}
