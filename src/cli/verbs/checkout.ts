import { OUTCOMES } from '../context.ts'
import { formatBytes, formatDuration, plural, shownText } from '../format.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly path?: readonly string[]
  readonly force?: boolean
  readonly allowExternalLinks?: boolean
  readonly allowRepositoryNames?: boolean
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve checkout data@v1 ./data-v1', 'write a tagged version into a new folder'],
    ['varve checkout data ./train --path "train/**"', 'only what matches'],
  ],
  configure(command) {
    command
      .argument('<rev>', 'the revision to write')
      .argument('<dir>', 'the folder, which appears in one step')
      .option('--path <glob...>', 'only these paths or globs')
      .option('--force', 'replace what is in the folder, even if no snapshot holds it')
      .option('--allow-external-links', 'allow links that lead out of the folder')
      .option('--allow-repository-names', 'allow .git and .varve as names in the data')
  },
  async run(context, [revision = '', folder = ''], { path, force, allowExternalLinks, allowRepositoryNames }) {
    await using repository = await context.open()
    const options = {
      force: force === true, allowExternalLinks: allowExternalLinks === true, allowRepositoryNames: allowRepositoryNames === true, ...(path === undefined ? {} : { paths: path }),
    }
    const result = await context.long(OUTCOMES.unchanged, ({ signal, onProgress }) => repository.checkout(revision, folder, { ...options, signal, onProgress }))
    await context.output.result(result, function* () {
      yield `root  ${result.root}`
      if (context.output.quiet) return
      const size = `${plural(result.files, 'file')}, ${formatBytes(result.bytes)}`
      yield result.unchanged ? `${shownText(folder)} is like this already: ${size}` : `${shownText(folder)}: ${size} in ${formatDuration(result.elapsedMs)}`
    })
  },
})
