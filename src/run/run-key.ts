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

/** Inverse of `runKey`. @throws MalformedDataError */
export function parseRunKey(key: Uint8Array): RunNumber {
  const split = key.length - NUMBER_SIZE_BYTES - 1
  if (split < 1 || key[split] !== 0) throw new MalformedDataError('A key of the tree of runs has no number')
  const number = MOST_RUNS - new DataView(key.buffer, key.byteOffset + split + 1, NUMBER_SIZE_BYTES).getUint32(0)
  try {
    return { name: decoder.decode(key.subarray(0, split)), number }
  } catch (cause) {
    throw new MalformedDataError('A key of the tree of runs is not text', { cause })
  }
}
