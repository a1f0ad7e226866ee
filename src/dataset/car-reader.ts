import { concatBytes } from '../bytes.ts'
import { CID, assertOwnCid, cidText } from '../cid/cid.ts'
import { decodeCbor, MAX_NODE_SIZE_BYTES } from '../codec/dag-cbor.ts'
import { asArray, asCid, asRecord, shownValue } from '../codec/shape.ts'
import { InvalidArgumentError, MalformedDataError } from '../errors.ts'
import type { AnyIterable } from '../types.ts'

interface CarBlock {
  readonly cid: CID
  /** As the file has them: not hashed yet. */
  readonly bytes: Uint8Array
}

export interface OpenedCar {
  readonly root: CID
  readonly blocks: AsyncIterable<CarBlock>
}

/** A block of at most 1 MiB and its CID. */
const MAX_SECTION_SIZE_BYTES: number = MAX_NODE_SIZE_BYTES + 64
/** A section of at most that size has a length of at most this many bytes. */
const MAX_VARINT_BYTES = 4

/**
 * Reads a CAR file, version 1, as it streams by; holds one section. Nothing is trusted: lengths are bounded, and the caller hashes the blocks.
 * @throws MalformedDataError if this is not such a file, or was cut off
 * @throws InvalidArgumentError for one that does not have exactly one root
 */
export async function readCar(source: AnyIterable<Uint8Array>): Promise<OpenedCar> {
  const sections = readSections(source)
  const first = await sections.next()
  if (first.done === true) throw new MalformedDataError('Not a CAR file: it is empty')
  const header = decodeHeader(first.value)
  if (header.version !== 1) throw new MalformedDataError(`A CAR file of version ${shownValue(header.version)} cannot be read, only version 1`)
  const roots = asArray(header.roots, 'The roots of a CAR file')
  if (roots.length !== 1) throw new InvalidArgumentError(`The CAR file has ${roots.length} roots; one is needed to know what it holds`)
  return { root: asCid(roots[0], 'The root of a CAR file'), blocks: readBlocks(sections) }
}

function decodeHeader(bytes: Uint8Array): Readonly<Record<'roots' | 'version', unknown>> {
  try {
    return asRecord(decodeCbor(bytes), 'The header of a CAR file', ['roots', 'version'])
  } catch (cause) {
    throw new MalformedDataError('Not a CAR file: it has no header of one', {
      cause, hint: 'Check that this is a file that `varve export --format car` wrote.',
    })
  }
}

async function* readBlocks(sections: AsyncIterable<Uint8Array>): AsyncGenerator<CarBlock> {
  for await (const bytes of sections) {
    let cid: CID
    let rest: Uint8Array
    try {
      ;[cid, rest] = CID.decodeFirst(bytes)
    } catch (cause) {
      throw new MalformedDataError('A section of the CAR file does not begin with a CID', { cause })
    }
    assertOwnCid(cid)
    if (rest.length > MAX_NODE_SIZE_BYTES) throw new MalformedDataError(`Block ${cidText(cid)} of the CAR file is larger than a block may be`)
    yield { cid, bytes: rest }
  }
}

/** The bytes of each length-prefixed section. */
async function* readSections(source: AnyIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let size = 0
  let needed = 0
  for await (const piece of source) {
    size += piece.length
    // Pieces are put together once a section is whole, and not each time that one comes.
    if (size < needed) {
      parts.push(piece.slice())
      continue
    }
    const buffered = parts.length === 0 ? piece : concatBytes([...parts, piece])
    let offset = 0
    needed = 0
    while (needed === 0) {
      const length = readVarint(buffered, offset)
      if (length === undefined) needed = buffered.length - offset + 1
      else if (length.end + length.value > buffered.length) needed = length.end + length.value - offset
      else {
        yield buffered.subarray(length.end, length.end + length.value)
        offset = length.end + length.value
      }
    }
    parts = [buffered.slice(offset)]
    size = buffered.length - offset
  }
  if (size > 0) throw new MalformedDataError('The CAR file is cut off in the middle of a section')
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } | undefined {
  let value = 0
  for (let index = 0; index < MAX_VARINT_BYTES; index++) {
    const byte = bytes[start + index]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) {
      if (value > MAX_SECTION_SIZE_BYTES || value === 0) break
      return { value, end: start + index + 1 }
    }
  }
  throw new MalformedDataError('A section of the CAR file has an impossible length')
}
