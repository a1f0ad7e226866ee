import { Option } from 'commander'
import type { CompressionMode } from '../../codec/block-compression.ts'
import { OUTCOMES } from '../context.ts'
import { addFolderOptions, type FolderFlags, folderReadOptions } from '../folder-flags.ts'
import { assertFolder } from '../repository-location.ts'
import { addSnapshotOptions, printSnapshot, snapshotDetails, type SnapshotFlags } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends SnapshotFlags, FolderFlags {
  readonly ref?: string
  readonly compression: CompressionMode
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve snapshot ./data -m "as downloaded"', 'store ./data under the ref "data"'],
    ['varve snapshot ./data --ref mnist/raw --source https://example.org/mnist --exclude "*.tmp"', 'under another ref, with its origin, without some files'],
  ],
  configure(command) {
    command.argument('<dir>', 'the folder to store').option('--ref <name>', 'the ref that gets the snapshot; default: the name of the folder')
    addSnapshotOptions(command)
    addFolderOptions(command).addOption(new Option('--compression <mode>', 'none stores every block as it is; max takes its time').choices(['auto', 'none', 'max']).default('auto'))
  },
  async run(context, [folder = ''], flags) {
    const options = { ...snapshotDetails(flags), ...folderReadOptions(flags), compression: flags.compression, ...(flags.ref === undefined ? {} : { ref: flags.ref }) }
    assertFolder(folder)
    await using repository = await context.openOrCreate()
    const result = await context.long(OUTCOMES.stored, (operation) => repository.snapshot(folder, { ...options, ...operation }))
    await printSnapshot(context.output, result)
  },
})
