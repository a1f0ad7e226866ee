import { type ByteText, byteTextOf } from '../byte-text.ts'

/** A path in the index of git. */
export interface IndexEntry {
  readonly path: ByteText
  /** `100644`, `100755`, `120000`, or `160000` for a repository in the repository. */
  readonly mode: string
  /** Of the content, or of the commit. */
  readonly id: string
}

export const LINK_MODE = '160000'

/** Reads `git ls-files -s -z`. Of a path with several stages, a conflict, the first counts. */
export function parseEntries(output: Uint8Array): Map<ByteText, IndexEntry> {
  const entries = new Map<ByteText, IndexEntry>()
  for (const item of byteTextOf(output).split('\0')) {
    const tab = item.indexOf('\t')
    if (tab === -1) continue
    const [mode = '', id = ''] = item.slice(0, tab).split(' ')
    const path = item.slice(tab + 1) as ByteText
    if (!entries.has(path)) entries.set(path, { path, mode, id })
  }
  return entries
}
