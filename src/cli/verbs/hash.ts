import { OUTCOMES } from '../context.ts'
import { addFolderOptions, type FolderFlags, folderReadOptions, skippedLines } from '../folder-flags.ts'
import { formatBytes, plural } from '../format.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<FolderFlags>({
  examples: [['varve hash ./data', 'print the root that a snapshot of ./data would have']],
  configure(command) {
    addFolderOptions(command.argument('<dir>', 'the folder to hash'))
  },
  async run(context, [folder = ''], flags) {
    await using repository = await context.openForHashing()
    const result = await context.long(OUTCOMES.unchanged, (operation) => repository.hash(folder, { ...folderReadOptions(flags), ...operation }))
    const { output } = context
    await output.result(result, function* () {
      yield result.root
      if (output.quiet) return
      yield `${plural(result.files, 'file')}, ${formatBytes(result.bytes)}`
      yield* skippedLines(result.skipped)
    })
  },
})
