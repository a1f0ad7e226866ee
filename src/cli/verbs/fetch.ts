import { OUTCOMES } from '../context.ts'
import { addFetchOptions, type FetchFlags, fetchOptions } from '../fetch-flags.ts'
import { fetchLines } from '../remote-lines.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<FetchFlags>({
  examples: [
    ['varve fetch', 'take over what origin has; refs here stay, origin/mnist/raw is what mnist/raw is there'],
    ['varve fetch --metadata-only', 'histories and lists of files alone; data is read from origin when it is asked for'],
    ['varve diff mnist/raw origin/mnist/raw', 'then see what is different'],
  ],
  configure: (command) => void addFetchOptions(command),
  async run(context, refs, flags) {
    const { fetchRefs } = await import('../../remote/fetch.ts')
    const startedAt = performance.now()
    await using repository = await context.open()
    const result = await context.long(OUTCOMES.stored, ({ signal, onProgress }) => fetchRefs(repository, { signal, onProgress, ...fetchOptions(refs, flags) }))
    await context.output.result(result, () => fetchLines(context.output, result, performance.now() - startedAt))
  },
})
