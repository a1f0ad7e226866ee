import { createReadStream } from 'node:fs'
import { Option } from 'commander'
import type { Repository } from '../../dataset/repository.ts'
import type { SnapshotDetails } from '../../dataset/record-snapshot.ts'
import type { SnapshotResult } from '../../dataset/results.ts'
import { ARCHIVE_FORMATS, type ArchiveFormat, archiveFormat } from '../archive-format.ts'
import { type LongOperation, OUTCOMES } from '../context.ts'
import { openInput, STANDARD_STREAM } from '../input-file.ts'
import { addSnapshotOptions, printSnapshot, snapshotDetails, type SnapshotFlags } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends SnapshotFlags {
  readonly ref: string
  readonly format?: ArchiveFormat
}

type ImportSettings = SnapshotDetails & Pick<LongOperation, 'signal' | 'onProgress'> & { readonly ref: string }

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve import cifar.tar --ref cifar/raw -m "as published"', 'take a snapshot of what a tar file holds, without unpacking it'],
    ['gunzip -c cifar.tar.gz | varve import - --format tar --ref cifar/raw', 'the same from a pipe'],
  ],
  configure(command) {
    command
      .argument('<file>', 'a tar or CAR file (- for stdin)')
      .requiredOption('--ref <name>', 'the ref that gets the snapshot')
      .addOption(new Option('--format <format>', 'default: by the name of the file').choices([...ARCHIVE_FORMATS]))
    addSnapshotOptions(command)
  },
  async run(context, [file = ''], flags) {
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
