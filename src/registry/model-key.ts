import { concatBytes, utf8 } from '../bytes.ts'
import { InvalidArgumentError, MalformedDataError } from '../errors.ts'
import { parseUserRefName } from '../repository/ref-name.ts'

const MOST_VERSIONS = 0xffffffff
const ALIAS_MARK = 0x61
const APPROVAL_MARK = 0x70
const decoder = new TextDecoder('utf-8', { fatal: true })
const LABEL = /^([^@]+)@([^@]+)$/s
/** What is all digits is meant as a number, also where it cannot be one. */
const DIGITS = /^\d+$/

/** What `digits@3`, `digits@production` and `digits` name. */
export type ModelReference =
  | { readonly kind: 'number'; readonly name: string; readonly number: number }
  | { readonly kind: 'alias'; readonly name: string; readonly alias: string }
  | { readonly kind: 'newest'; readonly name: string }

/** @throws InvalidArgumentError with the rule that the name breaks: that of refs */
export function parseModelName(text: string): string {
  if (text.includes('@')) throw new InvalidArgumentError(`"${text}" is not a name of models: "@" comes before a number or an alias`, { hint: 'Write digits, or vision/digits.' })
  return parseUserRefName(text)
}

/** Whether a version may have this number: others would come round to the key of one that does. */
export function isVersionNumber(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 1 && number <= MOST_VERSIONS
}

/** An alias is a word that is no number. @throws InvalidArgumentError */
export function parseAlias(text: string): string {
  if (DIGITS.test(text) || text.includes('@') || text.includes('/')) throw new InvalidArgumentError(`"${text}" cannot be an alias`, { data: { alias: text }, hint: 'Write a word, such as production.' })
  return parseUserRefName(text)
}

/** `digits@3`. */
export function modelLabel({ name, number }: { readonly name: string; readonly number: number }): string {
  return `${name}@${number}`
}

/** @throws InvalidArgumentError */
export function parseModelReference(text: string): ModelReference {
  const [, name, end] = LABEL.exec(text) ?? []
  if (name === undefined || end === undefined) return { kind: 'newest', name: parseModelName(text) }
  return DIGITS.test(end) ? { kind: 'number', name: parseModelName(name), number: Number(end) } : { kind: 'alias', name: parseModelName(name), alias: parseAlias(end) }
}

/** What the keys of all versions of a name, and of its events, begin with. */
export function modelPrefix(name: string): Uint8Array {
  return concatBytes([utf8(name), new Uint8Array(1)])
}

/** Versions of a name stand together, the newest first. */
export function versionKey(name: string, number: number): Uint8Array {
  return concatBytes([modelPrefix(name), bigEndian(MOST_VERSIONS - number)])
}

/** Inverse of `versionKey`. @throws MalformedDataError */
export function parseVersionKey(key: Uint8Array): { readonly name: string; readonly number: number } {
  const split = key.length - 5
  if (split < 1 || key[split] !== 0) throw new MalformedDataError('A key of the tree of models has no number')
  try {
    return { name: decoder.decode(key.subarray(0, split)), number: MOST_VERSIONS - new DataView(key.buffer, key.byteOffset + split + 1, 4).getUint32(0) }
  } catch (cause) {
    throw new MalformedDataError('A key of the tree of models is not text', { cause })
  }
}

export function aliasKey(name: string, alias: string): Uint8Array {
  return concatBytes([aliasPrefix(name), utf8(alias)])
}

export function aliasPrefix(name: string): Uint8Array {
  return concatBytes([modelPrefix(name), Uint8Array.of(ALIAS_MARK)])
}

export function approvalKey(name: string, number: number): Uint8Array {
  return concatBytes([modelPrefix(name), Uint8Array.of(APPROVAL_MARK), bigEndian(number)])
}

/** What an event is about: an alias of a model, or one of its versions. */
export type EventSubject = { readonly name: string } & ({ readonly alias: string } | { readonly number: number })

export function eventKey(about: EventSubject): Uint8Array {
  return 'alias' in about ? aliasKey(about.name, about.alias) : approvalKey(about.name, about.number)
}

/** Inverse of `eventKey`. @throws MalformedDataError */
export function parseEventKey(key: Uint8Array): EventSubject {
  const split = key.indexOf(0)
  const [mark, rest] = [key[split + 1], key.subarray(split + 2)]
  if (split < 1 || !(mark === ALIAS_MARK || (mark === APPROVAL_MARK && rest.length === 4))) throw new MalformedDataError('A key of the tree of events of models is of no kind that there is')
  try {
    const name = parseModelName(decoder.decode(key.subarray(0, split)))
    return mark === ALIAS_MARK ? { name, alias: parseAlias(decoder.decode(rest)) } : { name, number: new DataView(rest.buffer, rest.byteOffset, 4).getUint32(0) }
  } catch (cause) {
    throw new MalformedDataError('A key of the tree of events of models has a name that none can have', { cause })
  }
}

function bigEndian(number: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}
