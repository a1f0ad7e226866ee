import { MalformedDataError, UnsafePathError } from '../errors.ts'
import { displayPath } from '../manifest/path.ts'
import type { ReadHeader } from './tar-entries.ts'

/** The path of an entry, one character a byte, without `./` and slashes at the end; empty for the archive's own folder. */
export function entryName(header: ReadHeader): string {
  return normalised(rawText(header.name, header.pax?.path))
}

/** Where a symbolic link leads, as it stands. */
export function linkTarget(header: ReadHeader): Uint8Array {
  return bytesOf(rawText(header.linkname ?? '', header.pax?.linkpath))
}

/** The path of the entry that a hard link repeats, in the same form. */
export function nameOfTarget(header: ReadHeader): string {
  return normalised(rawText(header.linkname ?? '', header.pax?.linkpath))
}

/** One character a byte: names in pax headers come decoded from UTF-8, all others do not. */
function rawText(name: string, paxName: string | undefined): string {
  if (paxName === undefined || paxName === '') return name
  if (paxName.includes('\uFFFD')) throw new MalformedDataError(`The name "${paxName}" in the tar file is not UTF-8, though its header says so`, { data: { path: paxName }, hint: 'Make the archive anew with tar --format=gnu, which keeps names as they are.' })
  return Buffer.from(paxName, 'utf8').toString('latin1')
}

function normalised(name: string): string {
  const segments = name.split('/')
  if (name.startsWith('/') || segments.includes('..')) {
    const shown = displayPath(bytesOf(name))
    throw new UnsafePathError(`The tar file has an entry named ${shown}, which leads out of the dataset`, { data: { path: shown }, hint: 'Make the archive anew with relative names: tar -C <folder> -cf <file> .' })
  }
  return segments.filter((segment) => segment !== '' && segment !== '.').join('/')
}

/** The bytes of a name that has one character a byte. */
export function bytesOf(name: string): Uint8Array {
  return Buffer.from(name, 'latin1')
}
