import { type CID, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asCid, asRecord, asText, shownValue } from '../codec/shape.ts'
import { MalformedDataError, UnsupportedFormatError } from '../errors.ts'
import type { NamedRoot } from './interface.ts'

/** The version of the formats of recipes, derivations, environments and runs. */
const FORMAT = 1

/**
 * Reads a block of a given type: a map with `type`, `format` and exactly `fields`, and perhaps some of `optional`.
 * @throws UnsupportedFormatError if a newer version wrote it; @throws MalformedDataError naming the block if it is something else
 */
export async function readObject<Field extends string, T, Optional extends string = never>(
  source: BlockSource, cid: CID, type: string, fields: readonly Field[], decode: (fields: Readonly<Record<Field, unknown> & Partial<Record<Optional, unknown>>>) => T, optional: readonly Optional[] = [],
): Promise<T> {
  const bytes = await source.get(cid)
  try {
    const value = decodeCbor(bytes) as { type?: unknown; format?: unknown } | null
    if (value?.type !== type) throw new MalformedDataError(`its type is ${shownValue(value?.type)}`)
    if (typeof value.format === 'number' && value.format > FORMAT) {
      throw new UnsupportedFormatError(`${cidText(cid)} is a ${type} of format ${value.format}; this version of varve knows ${FORMAT}`, { data: { cid: cidText(cid), format: value.format } })
    }
    if (value.format !== FORMAT) throw new MalformedDataError(`its format is ${shownValue(value.format)}`)
    return decode(asRecord(value, `A ${type}`, [...fields, 'type', 'format'] as readonly Field[], optional))
  } catch (error) {
    if (!(error instanceof MalformedDataError)) throw error
    throw new MalformedDataError(`${cidText(cid)} is not a sound ${type}: ${error.message}`, { cause: error, data: { cid: cidText(cid) } })
  }
}

export function textOrNull(value: unknown, what: string): string | null {
  return value === null ? null : asText(value, what)
}

export function oneOf<const T extends string>(value: unknown, what: string, known: readonly T[]): T {
  const found = known.find((candidate) => candidate === value)
  if (found === undefined) throw new MalformedDataError(`${what} must be ${known.join(', ')}, not ${shownValue(value)}`)
  return found
}

/** Names that differ. */
export function asNames(value: unknown, what: string): readonly string[] {
  const names = asArray(value, what).map((name) => asText(name, what))
  if (new Set(names).size < names.length) throw new MalformedDataError(`${what} have a name twice`)
  return names
}

/** Pairs of a name and a root. */
export function asNamedRoots(value: unknown, what: string): readonly NamedRoot[] {
  return asArray(value, what).map((pair) => {
    const [name, root] = asArray(pair, what, 2)
    return { name: asText(name, what), root: asCid(root, what, DAG_CBOR_CODE) }
  })
}

export function namedRootPairs(roots: readonly NamedRoot[]): readonly (readonly [string, CID])[] {
  return roots.map(({ name, root }) => [name, root])
}
