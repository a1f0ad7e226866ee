import { writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { OUTCOMES } from '../context.ts'
import { collect } from '../folder-flags.ts'
import { addRecordOptions, type RecordFlags, recordOptions } from '../record-flags.ts'
import { formatBytes, plural } from '../format.ts'
import { pullLines } from '../remote-lines.ts'
import { REPOSITORY_FOLDER } from '../repository-location.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends RecordFlags {
  readonly ref?: readonly string[]
  readonly lazy?: boolean
  readonly path?: readonly string[]
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve clone ../shared/.varve mnist', 'make mnist/.varve with all that the other repository has'],
    ['varve clone ../shared/.varve mnist --ref mnist/raw@v2', 'one ref or tag alone'],
    ['varve clone ../shared/.varve mnist --lazy', 'the history and the lists of files; data is read from there when it is asked for'],
    ['varve clone ../shared/.varve mnist --path "train/**"', 'the same, with the files of one folder fetched ahead'],
    ['cd mnist && varve checkout mnist/raw ./data', 'then write its files'],
  ],
  configure(command) {
    addRecordOptions(command)
      .argument('<url>', 'the path of a folder, or an address')
      .argument('[dir]', 'the folder to make; default: named as the last part of the address')
      .option('--ref <ref>', 'only this ref or tag (repeatable)', collect)
      .option('--lazy', 'take over the history and the lists of files; data is read from the other repository when it is asked for')
      .option('--path <glob>', 'a lazy clone that fetches what matches ahead, a glob or a path (repeatable)', collect)
  },
  async run(context, [address = '', named], { ref, lazy = false, path: paths, ...flags }) {
    const { clone, defaultFolder } = await import('../../remote/clone.ts')
    const folder = resolve(named ?? defaultFolder(address))
    const path = join(folder, REPOSITORY_FOLDER)
    const author = authorName()
    const startedAt = performance.now()
    const result = await context.long(OUTCOMES.stored, ({ signal, onProgress }) =>
      clone(address, path, { signal, onProgress, ...(lazy ? { lazy } : {}), ...(paths === undefined ? {} : { paths }), ...recordOptions(flags), ...(ref === undefined ? {} : { refs: ref }), ...(author === undefined ? {} : { author }) }),
    )
    // A repository beside the data is no part of the code that git keeps there.
    writeFileSync(join(path, '.gitignore'), '*\n')
    const [first] = result.refs
    await context.output.result(result, function* () {
      yield* pullLines(context.output, result, performance.now() - startedAt)
      if (result.prefetched !== null && !context.output.quiet) yield `${plural(result.prefetched.files, 'file')}, ${formatBytes(result.prefetched.bytes)} fetched ahead; what else is asked for is read from there`
      if (!context.output.quiet && first !== undefined) yield `Write files with: cd ${relative('', folder) || '.'} && varve checkout ${first.ref} <dir>`
    })
  },
})
