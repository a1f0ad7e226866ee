import { utf8 } from '../bytes.ts'
import { InvalidArgumentError } from '../errors.ts'

// A byte that is no part of well-formed UTF-8 is 0x80 or more; as text it is this plus the byte (PEP 383, FORMAT.md section 10).
const ESCAPE_BASE = 0xdc00
const FIRST_ESCAPED_BYTE = 0x80
// In a `u` pattern surrogates that form a pair are one character, and only lone ones match.
const LONE_SURROGATE = /\p{Surrogate}/u
/** Control characters, line and paragraph separators, and those that reverse the direction of text (CVE-2021-42574). */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * The bytes of a path that is text. Nothing else is checked; `assertPath` does that.
 * @throws InvalidArgumentError for lone surrogates that `pathToText` never writes
 */
export function pathFromText(text: string): Uint8Array {
  const ascii = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit >= FIRST_ESCAPED_BYTE) return LONE_SURROGATE.test(text) ? escapedTextToBytes(text) : utf8(text)
    ascii[index] = unit
  }
  return ascii
}

/** A path, or the target of a link, as text. Different bytes give different text. */
export function pathToText(bytes: Uint8Array): string {
  if (isAscii(bytes)) return asciiText(bytes)
  return decodeParts(bytes, (text) => text, (byte) => String.fromCharCode(ESCAPE_BASE + byte))
}

/** A path for people to read on a terminal: bytes that are not UTF-8, and characters that would move the cursor or turn the text round, as \xHH. */
export function displayPath(bytes: Uint8Array): string {
  if (bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) return asciiText(bytes)
  return decodeParts(bytes, (text) => (UNPRINTABLE.test(text) ? [...utf8(text)].map(hexEscape).join('') : text), hexEscape)
}

function escapedTextToBytes(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    const point = character.codePointAt(0) as number
    if (point < 0xd800 || point > 0xdfff) bytes.push(...utf8(character))
    else if (point >= ESCAPE_BASE + FIRST_ESCAPED_BYTE && point <= ESCAPE_BASE + 0xff) bytes.push(point - ESCAPE_BASE)
    else throw new InvalidArgumentError(`"${text}" holds a lone surrogate, U+${point.toString(16).toUpperCase()}, that stands for no byte`)
  }
  const path = Uint8Array.from(bytes)
  // Two escapes side by side can spell a character that has a plain form; a path has one text only.
  if (pathToText(path) !== text) throw new InvalidArgumentError(`"${text}" escapes bytes that are well-formed UTF-8`)
  return path
}

function isAscii(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) if ((bytes[index] as number) >= 0x80) return false
  return true
}

function asciiText(bytes: Uint8Array): string {
  // Arguments go on the stack; longer ones than a key can be are left to the decoder.
  return bytes.length <= 4096 ? String.fromCharCode(...bytes) : decoder.decode(bytes)
}

/** Joins the well-formed characters and the stray bytes, each in the form that the caller gives it. */
function decodeParts(bytes: Uint8Array, ofCharacter: (text: string) => string, ofByte: (byte: number) => string): string {
  let text = ''
  for (let offset = 0; offset < bytes.length; ) {
    const length = characterLength(bytes, offset)
    text += length === 0 ? ofByte(bytes[offset] as number) : ofCharacter(decoder.decode(bytes.subarray(offset, offset + length)))
    offset += Math.max(1, length)
  }
  return text
}

/** Length of the well-formed UTF-8 character at `offset` (RFC 3629, section 4), or 0 if there is none. */
function characterLength(bytes: Uint8Array, offset: number): 0 | 1 | 2 | 3 | 4 {
  const first = bytes[offset] ?? 0
  const second = bytes[offset + 1] ?? 0
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  // The second byte excludes long forms, surrogates, and what lies beyond U+10FFFF.
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest) return 0
  if (first < 0xe0) return 2
  if (!isContinuation(bytes[offset + 2])) return 0
  if (first < 0xf0) return 3
  return isContinuation(bytes[offset + 3]) ? 4 : 0
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x80 && byte <= 0xbf
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}
