import { concatBytes } from '../../bytes.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { MAX_BLOCK_SIZE_BYTES } from '../../repository/pack-format.ts'
import type { AnyIterable } from '../../types.ts'

/**
 * The bytes of a block that may come in pieces; a piece that comes alone is handed on as it is. No more is held than a block may have.
 * @throws InvalidArgumentError for more than 1 MiB; @throws the signal's reason
 */
export async function collectBody(body: Uint8Array | AnyIterable<Uint8Array>, block: string, signal?: AbortSignal): Promise<Uint8Array> {
  signal?.throwIfAborted()
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body instanceof Uint8Array ? [body] : body) {
    signal?.throwIfAborted()
    size += piece.length
    if (size > MAX_BLOCK_SIZE_BYTES) {
      throw new InvalidArgumentError(`Block ${block} has more than ${MAX_BLOCK_SIZE_BYTES} bytes, the most that a block of varve may have`, {
        data: { cid: block, maxBytes: MAX_BLOCK_SIZE_BYTES }, hint: 'Cut files into chunks of 1 MiB or less before they are put.',
      })
    }
    pieces.push(piece)
  }
  const [first] = pieces
  return pieces.length === 1 && first !== undefined ? first : concatBytes(pieces)
}
