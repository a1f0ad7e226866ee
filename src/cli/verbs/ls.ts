import type { ListedEntry } from '../../dataset/results.ts'
import { NotFoundError } from '../../errors.ts'
import { formatCount, shownPath } from '../format.ts'
import { splitRevisionPath } from '../revision-argument.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly long?: boolean
}

const SIZE_WIDTH = 14
const MODES: Readonly<Record<ListedEntry['kind'], string>> = { file: '-rw-r--r--', executable: '-rwxr-xr-x', symlink: 'lrwxrwxrwx', directory: 'drwxr-xr-x' }

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve ls data', 'every path of the newest snapshot'],
    ['varve ls data~1:train -l', 'those below a folder, with modes and sizes in bytes'],
  ],
  configure(command) {
    command.argument('<rev[:path]>', 'a revision, or a folder or file in it').option('-l, --long', 'print modes and sizes too')
  },
  async run(context, [text = ''], { long }) {
    const { revision, path } = splitRevisionPath(text)
    await using repository = await context.open()
    const entries = atLeastOne(repository.entries(revision, path), revision, path)
    await context.output.records(entries, long === true ? longLine : (entry) => shownPath(entry.path) + (entry.kind === 'directory' ? '/' : ''))
  },
})

async function* atLeastOne(entries: AsyncIterable<ListedEntry>, revision: string, path: string | undefined): AsyncGenerator<ListedEntry> {
  let any = false
  for await (const entry of entries) {
    any = true
    yield entry
  }
  // A dataset may be empty, a path that is not there may not.
  if (!any && path !== undefined) throw new NotFoundError(`There is no "${path}" in ${revision}`, { data: { revision, path }, hint: `\`varve ls ${revision}\` lists what there is.` })
}

function longLine({ kind, path, size, target }: ListedEntry): string {
  const name = `${shownPath(path)}${kind === 'directory' ? '/' : ''}${target === undefined ? '' : ` -> ${shownPath(target)}`}`
  return `${MODES[kind]} ${(size === undefined ? '-' : formatCount(size)).padStart(SIZE_WIDTH)} ${name}`
}
