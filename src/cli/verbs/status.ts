import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import { PIPELINE_FILE } from '../../node/derive/read-pipeline.ts'
import { type Context, OUTCOMES } from '../context.ts'
import { diffLines, isEmptyDiff } from '../diff-lines.ts'
import { EXIT } from '../exit-codes.ts'
import { addFolderOptions, type FolderFlags, folderReadOptions } from '../folder-flags.ts'
import { refNames, shortList } from '../ref-choice.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { editedLines, reproDocument, stepLines } from '../step-lines.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends FolderFlags {
  readonly exitCode?: boolean
  readonly file?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve status ./data', 'what has changed in ./data since the last snapshot of the ref "data"'],
    ['varve status ./data mnist/raw@v2', 'what differs between ./data and that tag'],
    ['varve status', 'beside a varve.yaml: which steps are stale, and why'],
  ],
  configure(command) {
    command.argument('[dir]', 'the folder; default: the pipeline of varve.yaml if the current folder itself has one, else the current folder').argument('[rev]', 'compare with this; default: the ref named like the folder')
    addFolderOptions(command).option('--exit-code', 'exit with 1 if there are differences').option('--file <path>', 'the pipeline of this file, not a folder')
  },
  async run(context, [given, revision], flags) {
    if (flags.file !== undefined && given !== undefined) throw new InvalidArgumentError('The status of a pipeline and that of a folder are two questions', { hint: 'Leave out --file, or the folder.' })
    if (flags.file !== undefined || (given === undefined && existsSync(PIPELINE_FILE))) return pipelineStatus(context, flags)
    const folder = given ?? '.'
    await using repository = await context.open()
    const wanted = revision === undefined ? await refOfFolder(repository, folder) : needWholeRevision(revision)
    const diff = await context.long(OUTCOMES.unchanged, (operation) => repository.status(folder, wanted, { ...folderReadOptions(flags), ...operation }))
    if (flags.exitCode === true && !isEmptyDiff(diff)) process.exitCode = EXIT.no
    await context.output.result(diff, () => diffLines(context.output, diff, { statOnly: false }))
  },
})

/** Folders with edits are part of the question. */
const LOOK_MS = 2000

/** Which steps would have to run. */
async function pipelineStatus(context: Context, { exitCode, file = PIPELINE_FILE }: Flags): Promise<void> {
  const { repro } = await import('../../node/derive/repro.ts')
  await using repository = await context.open()
  const result = await context.long(OUTCOMES.unchanged, ({ signal }) => repro(repository, { file, dryRun: true, signal, lookMs: LOOK_MS }))
  const isStale = result.steps.some(({ status }) => status !== 'remembered')
  if (!result.ok || (exitCode === true && isStale)) process.exitCode = EXIT.no
  await context.output.result(reproDocument(result), () => [...result.steps.flatMap((report) => [...stepLines(context.output, report), ...(report.status === 'remembered' && report.changes.length > 0 ? ['  its ref holds another result; `varve repro` takes it to this one'] : [])]), ...editedLines(context.output, result.edited)])
}

async function refOfFolder(repository: Repository, folder: string): Promise<string> {
  const { defaultRefName } = await import('../../dataset/default-ref-name.ts')
  const name = defaultRefName(basename(resolve(folder)))
  const names = await refNames(repository)
  if (names.includes(name)) return name
  throw new NotFoundError(`There is no ref "${name}" for the folder ${resolve(folder)}`, {
    data: { ref: name }, hint: names.length === 0 ? 'The repository holds no snapshot yet; take one with `varve snapshot <dir>`.' : `Name what to compare with: varve status <dir> <rev>. There are ${shortList(names)}.`,
  })
}
