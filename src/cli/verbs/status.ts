import { basename, resolve } from 'node:path'
import type { Repository } from '../../dataset/repository.ts'
import { NotFoundError } from '../../errors.ts'
import { OUTCOMES } from '../context.ts'
import { diffLines, isEmptyDiff } from '../diff-lines.ts'
import { EXIT } from '../exit-codes.ts'
import { addFolderOptions, type FolderFlags, folderReadOptions } from '../folder-flags.ts'
import { refNames, shortList } from '../ref-choice.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends FolderFlags {
  readonly exitCode?: boolean
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve status ./data', 'what has changed in ./data since the last snapshot of the ref "data"'],
    ['varve status ./data mnist/raw@v2', 'what differs between ./data and that tag'],
  ],
  configure(command) {
    command.argument('[dir]', 'the folder; default: the current one').argument('[rev]', 'compare with this; default: the ref named like the folder')
    addFolderOptions(command).option('--exit-code', 'exit with 1 if there are differences')
  },
  async run(context, [folder = '.', revision], flags) {
    await using repository = await context.open()
    const wanted = revision === undefined ? await refOfFolder(repository, folder) : needWholeRevision(revision)
    const diff = await context.long(OUTCOMES.unchanged, (operation) => repository.status(folder, wanted, { ...folderReadOptions(flags), ...operation }))
    if (flags.exitCode === true && !isEmptyDiff(diff)) process.exitCode = EXIT.no
    await context.output.result(diff, () => diffLines(context.output, diff, { statOnly: false }))
  },
})

async function refOfFolder(repository: Repository, folder: string): Promise<string> {
  const { defaultRefName } = await import('../../dataset/default-ref-name.ts')
  const name = defaultRefName(basename(resolve(folder)))
  const names = await refNames(repository)
  if (names.includes(name)) return name
  throw new NotFoundError(`There is no ref "${name}" for the folder ${resolve(folder)}`, {
    data: { ref: name }, hint: names.length === 0 ? 'The repository holds no snapshot yet; take one with `varve snapshot <dir>`.' : `Name what to compare with: varve status <dir> <rev>. There are ${shortList(names)}.`,
  })
}
