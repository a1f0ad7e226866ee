/**
 * Bytes of a path, or of one name in it, as a string with one character for each byte (U+0000 to U+00FF). Such strings compare, sort and join
 * exactly as the bytes do, cost less than buffers to make and to keep, and lose nothing where a name is not UTF-8.
 */
export type ByteText = string & { readonly __brand: 'ByteText' }

const NOT_ASCII = /[\u0080-\u00ff]/

/** The bytes as byte text. */
export function byteTextOf(bytes: Uint8Array): ByteText {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1') as ByteText
}

/** Byte text of a path that a person or program gave as text. */
export function byteTextOfPath(path: string): ByteText {
  return byteTextOf(Buffer.from(path))
}

/** The bytes, in an array of their own. */
export function bytesOf(text: ByteText): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index)
  return bytes
}

/** The path in the form that system calls take: text where that says the same, or else the bytes. */
export function systemPath(path: ByteText): string | Buffer {
  return NOT_ASCII.test(path) ? Buffer.from(path, 'latin1') : path
}

/** Readable text: UTF-8, with U+FFFD for what is not. For messages and for matching, never to find a file again. */
export function lossyText(text: ByteText): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text
}

/** A path below a folder; `path` is relative and joined by `/`. */
export function below(folder: ByteText, path: string): ByteText {
  return `${folder}/${path}` as ByteText
}
