import type { ByteText } from '../byte-text.ts'
import { lossyText } from '../byte-text.ts'
import { shownNames } from '../execution/shown-names.ts'

export interface SizedFile {
  readonly path: ByteText
  /** Bytes. */
  readonly size: number
  /** Whether git knows it. */
  readonly isTracked: boolean
}

/**
 * Bounds what is stored of a working tree. Untracked files are left out, the largest first, until the rest fits; data and results lie among code more often than code is large.
 * @returns why not, if what is tracked does not fit by itself
 */
export function fitInto<T extends SizedFile>(files: readonly T[], maxBytes: number): { readonly kept: readonly T[]; readonly dropped: readonly T[]; readonly missing: readonly string[] } | string {
  let bytes = files.reduce((sum, { size }) => sum + size, 0)
  const dropped = new Set<T>()
  for (const file of files.filter(({ isTracked }) => !isTracked).sort((a, b) => b.size - a.size)) {
    if (bytes <= maxBytes) break
    dropped.add(file)
    bytes -= file.size
  }
  if (bytes > maxBytes) return `The code was not stored: its tracked files take ${bytes} bytes, and ${maxBytes} are allowed`
  const missing = dropped.size === 0 ? [] : [`Untracked files were left out, since all take more than ${maxBytes} bytes: ${shownNames([...dropped].map(({ path }) => lossyText(path)))}`]
  return { kept: files.filter((file) => !dropped.has(file)), dropped: [...dropped], missing }
}
