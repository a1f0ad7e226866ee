import { createReadStream } from 'node:fs'
import { Option } from 'commander'
import type { Repository } from '../../dataset/repository.ts'
import type { SnapshotDetails } from '../../dataset/record-snapshot.ts'
import type { SnapshotResult } from '../../dataset/results.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { ImportGitResult } from '../../node/import-git/import-git.ts'
import { ARCHIVE_FORMATS, type ArchiveFormat, archiveFormat } from '../archive-format.ts'
import { type Context, type LongOperation, OUTCOMES } from '../context.ts'
import { formatBytes, formatCount, plural } from '../format.ts'
import { openInput, STANDARD_STREAM } from '../input-file.ts'
import { addSnapshotOptions, printSnapshot, snapshotDetails, type SnapshotFlags } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends SnapshotFlags {
  readonly ref: string
  readonly format?: ArchiveFormat
  readonly path?: string
  readonly rev?: string
  readonly cache?: string
  readonly history?: boolean
}

type ImportSettings = SnapshotDetails & Pick<LongOperation, 'signal' | 'onProgress'> & { readonly ref: string }

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve import cifar.tar --ref cifar/raw -m "as published"', 'take a snapshot of what a tar file holds, without unpacking it'],
    ['varve import git ../project --path data --ref project/data', 'take over the history of a folder in git: each commit that touched it becomes a snapshot'],
    ['varve import dvc ../project/data.dvc --ref project/data', 'take a snapshot of what DVC tracks, from its cache'],
    ['varve import lfs ../project --path data --ref project/data', 'take a snapshot of a folder in git as it is now, with the files of git LFS, which must have been fetched'],
    ['gunzip -c cifar.tar.gz | varve import - --format tar --ref cifar/raw', 'the same from a pipe'],
  ],
  configure(command) {
    command
      .argument('<file>', 'a tar or CAR file (- for stdin); or the word git, lfs or dvc')
      .argument('[folder]', 'after git or lfs: a git repository, with files of git LFS that were fetched; after dvc: a .dvc file, what a pipeline made, or a folder of a DVC project')
      .option('--path <path>', 'git, lfs: the folder in it that is the dataset; default: everything')
      .option('--rev <rev>', 'git, lfs, and dvc with --history: a branch, tag or commit; default: HEAD')
      .option('--history', 'dvc: each commit of git that changed the .dvc file becomes a snapshot')
      .option('--cache <folder>', 'dvc: where the content is: a cache, or a remote that is a folder; default: the cache of the project')
      .requiredOption('--ref <name>', 'the ref that gets the snapshot')
      .addOption(new Option('--format <format>', 'default: by the name of the file').choices([...ARCHIVE_FORMATS]))
    addSnapshotOptions(command)
  },
  async run(context, [file = '', folder], flags) {
    if (file === 'dvc' && folder !== undefined) return importTracked(context, folder, flags)
    if (flags.cache !== undefined || flags.history === true) throw new InvalidArgumentError('--cache and --history are for what DVC tracks', { hint: 'Write varve import dvc <file.dvc> --ref name' })
    if (file === 'lfs' && folder !== undefined) return importFetched(context, folder, flags)
    if (folder !== undefined) return importHistory(context, file, folder, flags)
    if (flags.path !== undefined || flags.rev !== undefined) throw new InvalidArgumentError('--path and --rev are for histories of git', { hint: 'Write varve import git <folder> --path data --ref name' })
    const format = archiveFormat(file, flags.format)
    const details = snapshotDetails(flags)
    const source = await openInput(file)
    await using repository = await context.openOrCreate()
    try {
      const result = await context.long(OUTCOMES.stored, ({ signal, onProgress }) => importArchive(repository, { file, format, source }, { ...details, ref: flags.ref, signal, onProgress }))
      await printSnapshot(context.output, result)
    } finally {
      // After an error a pipe may stay open; nobody waits for its end.
      if (file === STANDARD_STREAM) process.stdin.destroy()
    }
  },
})

async function importHistory(context: Context, kind: string, folder: string, { ref, path, rev }: Flags): Promise<void> {
  if (kind !== 'git') throw new InvalidArgumentError(`"${kind}" is no kind of history that can be imported`, { hint: 'Write varve import git <folder> --ref name, varve import lfs <folder> --ref name or varve import dvc <file.dvc> --ref name, or name one tar or CAR file.' })
  const { importGit } = await import('../../node/import-git/import-git.ts')
  await using repository = await context.openOrCreate()
  const result = await context.long(OUTCOMES.stored, ({ signal, onProgress }) =>
    importGit(repository, folder, { ref, signal, onProgress, variables: process.env, ...(path === undefined ? {} : { path }), ...(rev === undefined ? {} : { revision: rev }) }),
  )
  await printHistory(context, result)
}

async function importFetched(context: Context, folder: string, flags: Flags): Promise<void> {
  const { ref, path, rev } = flags
  const details = snapshotDetails(flags)
  const { importLfs } = await import('../../node/import-git/import-lfs.ts')
  await using repository = await context.openOrCreate()
  const result = await context.long(OUTCOMES.stored, ({ signal, onProgress }) =>
    importLfs(repository, folder, { ...details, ref, signal, onProgress, variables: process.env, ...(path === undefined ? {} : { path }), ...(rev === undefined ? {} : { revision: rev }) }),
  )
  await printSnapshot(context.output, result)
}

async function printHistory(context: Context, result: ImportGitResult): Promise<void> {
  await context.output.result(result, function* () {
    yield `root      ${result.root ?? ''}`
    yield `snapshot  ${result.snapshot ?? ''}`
    if (!context.output.quiet) yield `${result.ref}: ${plural(result.imported, 'commit')} imported${result.known === 0 ? '' : `, ${formatCount(result.known)} before`}; ${formatBytes(result.storedBytes)} written`
  })
}

async function importTracked(context: Context, path: string, flags: Flags): Promise<void> {
  const { ref, cache, rev } = flags
  if (flags.path !== undefined || flags.format !== undefined) throw new InvalidArgumentError('--path and --format are not for what DVC tracks', { hint: 'Write varve import dvc <file.dvc> --ref name' })
  if (flags.history === true) {
    const { importDvcHistory } = await import('../../node/import-dvc/import-dvc-history.ts')
    await using repository = await context.openOrCreate()
    const settings = { ref, variables: process.env, ...(cache === undefined ? {} : { cache }), ...(rev === undefined ? {} : { revision: rev }) }
    return printHistory(context, await context.long(OUTCOMES.stored, ({ signal, onProgress }) => importDvcHistory(repository, path, { ...settings, signal, onProgress })))
  }
  if (rev !== undefined) throw new InvalidArgumentError('--rev needs --history: without it, what is tracked now is imported', { hint: 'Write varve import dvc <file.dvc> --history --rev main --ref name' })
  const details = snapshotDetails(flags)
  const { importDvc } = await import('../../node/import-dvc/import-dvc.ts')
  await using repository = await context.openOrCreate()
  const result = await context.long(OUTCOMES.stored, ({ signal, onProgress }) => importDvc(repository, path, { ...details, ref, signal, onProgress, ...(cache === undefined ? {} : { cache }) }))
  await printSnapshot(context.output, result)
}

interface Archive {
  readonly file: string
  readonly format: ArchiveFormat
  readonly source: AsyncIterable<Uint8Array>
}

async function importArchive(repository: Repository, { file, format, source }: Archive, options: ImportSettings): Promise<SnapshotResult> {
  if (format === 'car') return repository.importCar(source, options)
  const { importTar } = await import('../../node/tar-import.ts')
  const reread = file === STANDARD_STREAM ? undefined : (range?: { start: number; end: number }) => createReadStream(file, range === undefined ? {} : { start: range.start, end: range.end - 1 })
  return importTar(repository, source, { ...options, ...(reread === undefined ? {} : { reread }) })
}
