import { type ByteText, byteTextOf } from '../byte-text.ts'

/** `git status --porcelain=v2 --branch -z`, read. Paths are bytes. */
export interface PorcelainStatus {
  /** Null before the first commit. */
  readonly commit: string | null
  /** Null if HEAD is detached. */
  readonly branch: string | null
  readonly changes: readonly StatusChange[]
}

export interface StatusChange {
  readonly path: ByteText
  /** Two letters: index and working tree, `.` for unchanged. */
  readonly status: string
  /** Whether it is a submodule with a commit or with files that the outer repository does not have. */
  readonly isSubmodule: boolean
}

/** Fields before the path in each kind of line (git-status(1), "Porcelain Format Version 2"). */
const FIELDS: Readonly<Record<string, number>> = { '1': 8, '2': 9, u: 10 }

/** Reads the output. A renamed file gives two changes, since both names differ from the commit. Lines of kinds that are not known are passed over, as git asks for. */
export function parseStatus(output: Uint8Array): PorcelainStatus {
  const items = byteTextOf(output).split('\0')
  const changes: StatusChange[] = []
  let commit: string | null = null
  let branch: string | null = null
  for (let at = 0; at < items.length; at++) {
    const item = items[at] ?? ''
    const kind = item.charAt(0)
    const fields = FIELDS[kind]
    if (item.startsWith('# branch.oid ')) commit = valueOf(item, '(initial)')
    else if (item.startsWith('# branch.head ')) branch = valueOf(item, '(detached)')
    else if (kind === '?') changes.push({ path: item.slice(2) as ByteText, status: '??', isSubmodule: false })
    else if (fields !== undefined) {
      const change = changeOf(item, fields)
      changes.push(change)
      if (kind === '2') {
        const before = (items[++at] ?? '') as ByteText
        const side = change.status.startsWith('R') ? 'D.' : change.status.endsWith('R') ? '.D' : undefined
        if (side !== undefined) changes.push({ path: before, status: side, isSubmodule: false })
      }
    }
  }
  return { commit, branch, changes }
}

/** The value of a header; names of branches are text. */
function valueOf(header: string, none: string): string | null {
  const value = header.slice(header.indexOf(' ', 2) + 1)
  return value === none ? null : Buffer.from(value, 'latin1').toString('utf8')
}

/** The path is all that follows the fields: it may have spaces in it. */
function changeOf(item: string, fields: number): StatusChange {
  let start = 0
  for (let field = 0; field < fields; field++) start = item.indexOf(' ', start) + 1
  return { path: item.slice(start) as ByteText, status: item.slice(2, 4), isSubmodule: item.charAt(5) === 'S' }
}
