import { concatBytes, utf8 } from '../bytes.ts'
import { InvalidArgumentError, MalformedDataError } from '../errors.ts'
import { isTagName, parseUserRefName } from '../repository/ref-name.ts'

const MOST_RUNS = 0xffffffff
const NUMBER_SIZE_BYTES = 4
const decoder = new TextDecoder('utf-8', { fatal: true })
const LABEL = /^(.+)#([1-9]\d*)$/s

/** A run by its name and the number that counts the runs of that name from 1. */
export interface RunNumber {
  readonly name: string
  readonly number: number
}

/** @throws InvalidArgumentError with the rule that the name breaks: that of refs */
export function parseRunName(text: string): string {
  const name = parseUserRefName(text)
  if (isTagName(name)) throw new InvalidArgumentError(`"${text}" is not a name of runs: "@" is for tags`, { hint: 'Write train, or mnist/train.' })
  return name
}

/** `train#3`. */
export function runLabel({ name, number }: RunNumber): string {
  return `${name}#${number}`
}

/** The name and number in `train#3`; undefined if the text is nothing of the kind. */
export function parseRunLabel(text: string): RunNumber | undefined {
  const [, name, number] = LABEL.exec(text) ?? []
  return name === undefined || Number(number) > MOST_RUNS ? undefined : { name, number: Number(number) }
}

/** Keys of the tree of runs: all runs of a name stand together, the newest first. */
export function runKey({ name, number }: RunNumber): Uint8Array {
  const end = new Uint8Array(NUMBER_SIZE_BYTES)
  new DataView(end.buffer).setUint32(0, MOST_RUNS - number)
  return concatBytes([runKeyPrefix(name), end])
}

/** What the keys of all runs of a name begin with. */
export function runKeyPrefix(name: string): Uint8Array {
  return concatBytes([utf8(name), new Uint8Array(1)])
}

/** The name in the key that was read last, and its bytes: keys come in order, and to decode a name takes ten times as long as to see that it is the same again. */
let lastName = ''
let lastEncoded: Uint8Array = new Uint8Array(0)

/** Inverse of `runKey`. @param start where the key begins in `bytes`, of which it is the end; @throws MalformedDataError */
export function parseRunKey(bytes: Uint8Array, start: number = 0): RunNumber {
  const split = bytes.length - NUMBER_SIZE_BYTES - 1
  if (split <= start || bytes[split] !== 0) throw new MalformedDataError('A key of the tree of runs has no number')
  if (!isLastName(bytes, start, split)) readName(bytes.slice(start, split))
  // Not through a DataView: that would move the memory of a short key out of the young generation first.
  const rest = (bytes[split + 1] as number) * 2 ** 24 + (((bytes[split + 2] as number) << 16) | ((bytes[split + 3] as number) << 8) | (bytes[split + 4] as number))
  return { name: lastName, number: MOST_RUNS - rest }
}

function isLastName(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== lastEncoded.length) return false
  for (let at = start; at < end; at++) if (bytes[at] !== lastEncoded[at - start]) return false
  return true
}

function readName(encoded: Uint8Array): void {
  try {
    lastName = decoder.decode(encoded)
  } catch (cause) {
    throw new MalformedDataError('A key of the tree of runs is not text', { cause })
  }
  lastEncoded = encoded
}
