import { displayPath } from '../manifest/path.ts'
import type { ManifestEntry } from '../manifest/interface.ts'
import { UnsafePathError } from '../errors.ts'
import type { NameFolding } from './interface.ts'

/**
 * What may be written to a disk. A manifest comes from whoever made it, so a checkout asks these questions of every entry before it writes
 * the first (CVE-2021-21300, CVE-2024-32020, CVE-2026-44471 and their kin).
 */
export interface CheckoutRules {
  readonly folding: NameFolding
  /** Allow `.git`, `.varve` and their look-alikes as names. */
  readonly allowRepositoryNames: boolean
  /** Allow symbolic links that are absolute or lead out of the folder. */
  readonly allowExternalLinks: boolean
}

const WINDOWS_RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i
// Characters that HFS+ leaves out when it compares names (git's list for CVE-2014-9390).
const IGNORED_BY_HFS = /\u200c|\u200d|\u200e|\u200f|[\u202a-\u202e]|[\u206a-\u206f]|\ufeff/gu
const REPOSITORY_NAMES = new Set(['.git', '.varve', 'git~1', 'varve~1'])
const textDecoder = new TextDecoder()

/** Checks entries one after the other; holds 16 bytes or so for each name where the target folds names, and nothing otherwise. */
export class PathGuard {
  readonly #rules: CheckoutRules
  readonly #folded = new Map<string, string>()

  constructor(rules: CheckoutRules) {
    this.#rules = rules
  }

  /** @throws UnsafePathError naming the path and the rule that it breaks */
  check(entry: ManifestEntry): void {
    const text = textDecoder.decode(entry.path)
    const segments = text.split('/')
    for (const segment of segments) this.#checkName(entry.path, segment)
    if (this.#rules.folding.case || this.#rules.folding.normalization) this.#checkFolding(entry.path, segments)
    if (entry.value.kind === 'symlink' && !this.#rules.allowExternalLinks) checkLink(entry.path, entry.value.target, segments.length - 1)
  }

  #checkName(path: Uint8Array, name: string): void {
    if (name === '' || name === '.' || name === '..' || name.includes('\0')) throw unsafe(path, `the name "${name}" can lead out of the folder`)
    if (!this.#rules.allowRepositoryNames && REPOSITORY_NAMES.has(repositoryLookAlike(name))) {
      throw unsafe(path, `"${name}" would be taken for a repository, whose configuration can run programs`, 'Pass --allow-repository-names if you trust this data.')
    }
    if (this.#rules.folding.windows) checkWindowsName(path, name)
  }

  /** Every folder and file must have a folded name of its own. */
  #checkFolding(path: Uint8Array, segments: readonly string[]): void {
    for (let depth = 1; depth <= segments.length; depth++) {
      const exact = segments.slice(0, depth).join('/')
      const folded = fold(exact, this.#rules.folding)
      const other = this.#folded.get(folded)
      if (other === undefined) this.#folded.set(folded, exact)
      else if (other !== exact) throw unsafe(path, `the target file system does not tell it from "${other}"`, 'Check out to a file system that does, or one of the two with --path.')
    }
  }
}

function checkWindowsName(path: Uint8Array, name: string): void {
  // oxlint-disable-next-line no-control-regex -- these are the characters that Windows refuses
  if (/[<>:"|?*\\\u0000-\u001f]/.test(name)) throw unsafe(path, `"${name}" has a character that Windows gives another meaning`)
  if (WINDOWS_RESERVED.test(name)) throw unsafe(path, `"${name}" names a device on Windows`)
  if (name.endsWith('.') || name.endsWith(' ')) throw unsafe(path, `Windows drops the last character of "${name}"`)
}

/**
 * A link stays inside if, after any leading `..` that its own depth covers, it only goes down: what a later `..` means depends on where
 * other links lead.
 */
function checkLink(path: Uint8Array, target: Uint8Array, depth: number): void {
  const text = textDecoder.decode(target)
  const segments = text.split('/').filter((segment) => segment !== '' && segment !== '.')
  const climbs = segments.findIndex((segment) => segment !== '..')
  const up = climbs === -1 ? segments.length : climbs
  const outside = text.startsWith('/') || /^[a-z]:|\\/i.test(text) || up > depth || segments.slice(up).includes('..')
  if (outside) {
    throw unsafe(path, `the link leads to "${displayPath(target)}", which can be outside of the folder`, 'Pass --allow-external-links if you trust this data, or leave it out with --path.')
  }
}

/** A name as the most forgiving file system compares it, with an NTFS stream or trailing dots and spaces taken off. */
function repositoryLookAlike(name: string): string {
  return name.replace(IGNORED_BY_HFS, '').replace(/:.*$/s, '').replace(/[. ]+$/, '').normalize('NFKC').toLowerCase()
}

function fold(text: string, folding: NameFolding): string {
  const composed = folding.normalization ? text.normalize('NFC') : text
  return folding.case ? composed.toUpperCase().toLowerCase() : composed
}

function unsafe(path: Uint8Array, why: string, hint?: string): UnsafePathError {
  const shown = displayPath(path)
  return new UnsafePathError(`Refused to write ${shown}: ${why}`, { data: { path: shown }, ...(hint === undefined ? {} : { hint }) })
}
