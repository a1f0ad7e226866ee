import { Option } from 'commander'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { ARCHIVE_FORMATS, type ArchiveFormat, archiveFormat } from '../archive-format.ts'
import { type Context, type LongOperation, OUTCOMES } from '../context.ts'
import { formatBytes, shownText } from '../format.ts'
import { STANDARD_STREAM } from '../input-file.ts'
import { writeOutputFile } from '../output-file.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly format?: ArchiveFormat
  readonly output: string
  readonly history?: boolean
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve export data@v1 -o data.tar', 'a tar file; equal roots give equal bytes'],
    ['varve export data --format car --history -o data.car', 'all snapshots as a CAR file, for varve or any IPLD tool'],
  ],
  configure(command) {
    command
      .argument('<rev>', 'the revision to write')
      .requiredOption('-o, --output <file>', 'the file to write (- for stdout)')
      .addOption(new Option('--format <format>', 'default: by the name of the file').choices([...ARCHIVE_FORMATS]))
      .option('--history', 'with CAR: the snapshot and all before it, not its data alone')
  },
  async run(context, [text = ''], { format: told, output: file, history }) {
    const revision = needWholeRevision(text)
    const format = archiveFormat(file, told)
    if (history === true && format === 'tar') throw new InvalidArgumentError('A tar file holds no history', { hint: 'Use --format car, or leave out --history.' })
    if (file === STANDARD_STREAM && process.stdout.isTTY) throw new InvalidArgumentError(`A ${format} file would confuse the terminal`, { hint: 'Name a file with -o, or pipe it on.' })
    await using repository = await context.open()
    const { root } = await repository.resolve(revision)
    const bytes = await context.long(OUTCOMES.unchanged, async (operation) => write(context, file, await archiveOf(repository, revision, { format, history: history === true, operation })))
    if (file === STANDARD_STREAM) return
    await context.output.result({ root: root.toString(), file, format, bytes }, () => [`root  ${root.toString()}`, `${shownText(file)}: ${formatBytes(bytes)}`])
  },
})

async function archiveOf(repository: Repository, revision: string, { format, history, operation: { signal, onProgress } }: { format: ArchiveFormat; history: boolean; operation: LongOperation }): Promise<AsyncIterable<Uint8Array>> {
  if (format === 'car') return repository.exportCar(revision, { history, signal, onProgress })
  const { exportTar } = await import('../../node/tar-export.ts')
  return exportTar(repository, revision, { signal, onProgress })
}

async function write(context: Context, file: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  if (file !== STANDARD_STREAM) return writeOutputFile(file, pieces)
  let size = 0
  for await (const piece of pieces) {
    size += piece.length
    await context.output.write(piece)
  }
  return size
}
