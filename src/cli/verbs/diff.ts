import type { DiffResult } from '../../dataset/compare.ts'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import { type Context, OUTCOMES } from '../context.ts'
import { diffLines, isEmptyDiff, reversedDiff } from '../diff-lines.ts'
import { EXIT } from '../exit-codes.ts'
import { addFolderOptions, type FolderFlags, folderReadOptions } from '../folder-flags.ts'
import { shownText } from '../format.ts'
import { isFolder } from '../repository-location.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends FolderFlags {
  readonly stat?: boolean
  readonly exitCode?: boolean
}

type Side = { readonly folder: string } | { readonly revision: string }

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve diff data~1 data', 'what the last snapshot changed'],
    ['varve diff data@v1 ./data --stat', 'how much a folder differs from a tag'],
  ],
  configure(command) {
    command.argument('<a>', 'a revision, or a folder').argument('<b>', 'a revision, or a folder; a word that is both is the revision, and what begins with ./, ../ or / is always a folder')
    addFolderOptions(command).option('--stat', 'print the sum alone').option('--exit-code', 'exit with 1 if there are differences')
  },
  async run(context, [a = '', b = ''], flags) {
    await using repository = await context.open()
    const [before, after] = [await sideOf(repository, a), await sideOf(repository, b)]
    if ('revision' in before && 'revision' in after) {
      const word = [after, before].find(({ revision }) => isFolder(revision))?.revision
      if (word !== undefined) context.output.note(`comparing the revision ${shownText(before.revision)} with the revision ${shownText(after.revision)}; the folder is ./${shownText(word)}`)
    }
    const diff = await compare(context, repository, [before, after], flags)
    if (flags.exitCode === true && !isEmptyDiff(diff)) process.exitCode = EXIT.no
    await context.output.result({ ...diff, compared: { before, after } }, () => diffLines(context.output, diff, { statOnly: flags.stat === true }))
  },
})

async function compare(context: Context, repository: Repository, [before, after]: readonly [Side, Side], flags: FolderFlags): Promise<DiffResult> {
  if ('revision' in before && 'revision' in after) return repository.diff(before.revision, after.revision)
  const status = (folder: string, revision: string): Promise<DiffResult> =>
    context.long(OUTCOMES.unchanged, (operation) => repository.status(folder, revision, { ...folderReadOptions(flags), ...operation }))
  if ('revision' in before && 'folder' in after) return status(after.folder, before.revision)
  if ('folder' in before && 'revision' in after) return reversedDiff(await status(before.folder, after.revision))
  throw new InvalidArgumentError('Both are folders; one must be a revision', { hint: 'Take a snapshot of one, or use diff -r.' })
}

/** A word that is both a revision and a folder is the revision: which one is meant does not change with what lies in the working directory. */
async function sideOf(repository: Repository, text: string): Promise<Side> {
  if (/^(\.{0,2}\/|\.{1,2}$)/.test(text)) return { folder: text }
  try {
    const revision = needWholeRevision(text)
    await repository.resolve(revision)
    return { revision }
  } catch (error) {
    const unknown = error instanceof NotFoundError || error instanceof InvalidArgumentError
    if (unknown && isFolder(text)) return { folder: text }
    throw error
  }
}
