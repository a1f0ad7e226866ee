import { concatBytes } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import { encodeCbor } from '../../codec/dag-cbor.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { asArray, asBytes, asCount } from '../../codec/shape.ts'
import { MalformedDataError } from '../../errors.ts'
import type { TreeEdit, ValueCodec } from '../../manifest/interface.ts'
import { assertPath, keyFromPath, pathFromText } from '../../manifest/path.ts'
import { scanTree } from '../../manifest/read-tree.ts'

/** A path that a unit of a map recipe wrote, in one of the outputs, counted from 0 in the order of the recipe. */
export interface WrittenPath {
  readonly output: number
  readonly path: Uint8Array
}

/** No path has two separators in a row, nor one at its end: what begins with a unit's name and this belongs to that unit. */
const SEPARATOR = new Uint8Array(2)
const COUNTER_LENGTH_BYTES = 4
const MAX_PATH_LENGTH_BYTES = 4096

/** Trees from a unit and the number of a path among those it wrote to that path (FORMAT.md, section 12). */
export const writtenCodec: ValueCodec<WrittenPath> = {
  encode: ({ output, path }) => [output, path],
  decode(value) {
    const [output, path] = asArray(value, 'A written path', 2)
    const bytes = asBytes(path, 'A written path', MAX_PATH_LENGTH_BYTES)
    assertPath(bytes)
    return { output: asCount(output, 'The output of a written path'), path: bytes }
  },
  weigh: ({ output, path }) => encodeCbor([output, path]).length,
  equals: (a, b) => a.output === b.output && a.path.length === b.path.length && a.path.every((byte, at) => byte === b.path[at]),
  checkKey(key) {
    const at = key.length - SEPARATOR.length - COUNTER_LENGTH_BYTES
    if (at < 1 || key[at] !== 0 || key[at + 1] !== 0) throw new MalformedDataError('A key of written paths must be a unit, two zero bytes and a number of four bytes')
  },
}

function prefixOf(unit: string): Uint8Array {
  return concatBytes([keyFromPath(pathFromText(unit)), SEPARATOR])
}

/** What a unit wrote. Reads the nodes on the way to it. */
export async function* writtenBy(source: BlockSource, tree: CID, unit: string): AsyncGenerator<WrittenPath, void, undefined> {
  for await (const { value } of scanTree(source, tree, writtenCodec, { prefix: prefixOf(unit) })) yield value
}

/** The edits that make `paths` what a unit wrote, which wrote `before` paths until now. In key order. */
export function writtenEdits(unit: string, paths: readonly WrittenPath[], before = 0): TreeEdit<WrittenPath>[] {
  const prefix = prefixOf(unit)
  return Array.from({ length: Math.max(paths.length, before) }, (_none, at) => ({ key: concatBytes([prefix, counter(at)]), value: paths[at] }))
}

function counter(value: number): Uint8Array {
  const bytes = new Uint8Array(COUNTER_LENGTH_BYTES)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
