import { CID } from 'multiformats/cid'
import { utf8 } from '../bytes.ts'
import { InvalidArgumentError } from '../errors.ts'
import { isReservedName } from './reserved-name.ts'

const SEGMENT = String.raw`[\p{L}\p{N}_][\p{L}\p{N}\p{M}._-]*`
const REF_NAME = new RegExp(`^${SEGMENT}(/${SEGMENT})*(@${SEGMENT})?$`, 'u')
const MAX_NAME_SIZE_BYTES = 255

/** A checked name of a ref (`mnist/raw`) or tag (`mnist/raw@v2`). */
export type RefName = string & { readonly __brand: 'RefName' }

/** @throws InvalidArgumentError with the rule that the name breaks */
export function parseRefName(text: string): RefName {
  if (!REF_NAME.test(text) || utf8(text).length > MAX_NAME_SIZE_BYTES || looksLikeCid(text)) {
    throw new InvalidArgumentError(`"${text}" is not a valid ref name`, {
      data: { name: text },
      hint: 'Use letters, digits, ".", "_" and "-" in segments joined by "/", each beginning with a letter, digit or "_"; a tag adds "@name". Example: mnist/raw@v2',
    })
  }
  return text as RefName
}

/** The same for a name that a user gives. @throws InvalidArgumentError also for what varve keeps for itself */
export function parseUserRefName(text: string): RefName {
  const name = parseRefName(text)
  if (isReservedName(name)) throw new InvalidArgumentError(`"${name}" is a name that varve keeps for itself`, { data: { ref: name }, hint: 'Choose one that does not begin with _varve.' })
  return name
}

/** True if the name is that of a tag. */
export function isTagName(name: string): boolean {
  return name.includes('@')
}

/** What the text of a CID begins with in the bases that are read without being told which: base32, base36, base58btc, and version 0. */
const CID_TEXT = /^[bkzQ]/

function looksLikeCid(text: string): boolean {
  // To find out by an error takes 10 µs, and names of runs are read by the thousand.
  if (!CID_TEXT.test(text)) return false
  try {
    CID.parse(text)
    return true
  } catch {
    return false
  }
}
