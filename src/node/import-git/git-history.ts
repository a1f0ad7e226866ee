import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import type { Git } from '../capture/git-command.ts'

/** One commit that is to become a snapshot. */
export interface GitCommit {
  readonly id: string
  /** `Name <address>`. */
  readonly author: string
  /** When the author made the change; RFC 3339. */
  readonly time: string
  readonly message: string
}

/** One path that differs between two commits. */
export interface GitChange {
  readonly path: Buffer
  /** `100644`, `100755`, `120000`, `160000`; `000000` for one that went. */
  readonly mode: string
  readonly id: string
}

const FIELDS = '%H%x00%an <%ae>%x00%aI%x00%B'

/** The commits of the main line that touched a path, oldest first. @throws NotFoundError for a revision that git does not know */
export async function commitsOf(git: Git, revision: string, path: string): Promise<readonly GitCommit[]> {
  if (revision.startsWith('-')) throw new InvalidArgumentError(`"${revision}" is no revision of git`)
  const listed = await git.run(['log', '-z', '--reverse', '--first-parent', `--format=${FIELDS}%x00`, revision, ...below(path)])
  if (!listed.ok) throw new NotFoundError(`git cannot list the commits of ${revision}: ${listed.trouble}`, { data: { revision, path }, hint: 'Name the folder of a git repository, and a branch, tag or commit of it with --rev.' })
  const fields = listed.output.toString('utf8').split('\0')
  const commits: GitCommit[] = []
  for (let at = 0; at + 3 < fields.length; at += 5) {
    const [id = '', author = '', time = '', message = ''] = fields.slice(at, at + 4)
    commits.push({ id, author, time: new Date(time).toISOString(), message: message.trim() })
  }
  return commits
}

/** What differs below a path, or all of it if there is no commit before. */
export async function changesBetween(git: Git, before: string | undefined, after: string, path: string): Promise<readonly GitChange[]> {
  const from = before ?? (await emptyTree(git))
  const listed = await git.run(['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', from, after, ...below(path)])
  if (!listed.ok) throw new NotFoundError(`git cannot compare ${from} with ${after}: ${listed.trouble}`, { data: { before: from, after } })
  const changes: GitChange[] = []
  const parts = splitAtNul(listed.output)
  for (let at = 0; at + 1 < parts.length; at += 2) {
    // `:100644 100644 <id> <id> M`
    const [, mode = '', , id = ''] = (parts[at] as Buffer).toString('latin1').split(' ')
    changes.push({ path: parts[at + 1] as Buffer, mode, id })
  }
  return changes
}

/** By whatever hash the repository names its objects. */
async function emptyTree(git: Git): Promise<string> {
  const made = await git.run(['hash-object', '-t', 'tree', '--stdin'], new Uint8Array(0))
  return made.output.toString('latin1').trim()
}

function below(path: string): readonly string[] {
  return path === '' ? ['--'] : ['--', path]
}

/** What a NUL ends each of. */
export function splitAtNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  let start = 0
  for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
    parts.push(bytes.subarray(start, end))
    start = end + 1
  }
  return parts
}
