import { OUTCOMES } from '../context.ts'
import { addFetchOptions, type FetchFlags, fetchOptions } from '../fetch-flags.ts'
import { addRecordOptions, type RecordFlags, recordOptions } from '../record-flags.ts'
import { setRefusedExit } from '../record-lines.ts'
import { pullLines, staleFolderLines } from '../remote-lines.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends FetchFlags, RecordFlags {}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve pull', 'take over what origin has, its runs, derivations and models too, and move refs here on to it'],
    ['varve pull mnist/raw', 'this ref alone'],
    ['varve checkout mnist/raw ./data', 'then bring the files up to date: pull itself writes none'],
  ],
  configure: (command) => void addRecordOptions(addFetchOptions(command)),
  async run(context, refs, flags) {
    const { pull } = await import('../../remote/pull.ts')
    const startedAt = performance.now()
    await using repository = await context.open()
    const result = await context.long(OUTCOMES.stored, ({ signal, onProgress }) => pull(repository, { signal, onProgress, ...fetchOptions(refs, flags), ...recordOptions(flags) }))
    setRefusedExit(result.records)
    await context.output.result(result, function* () {
      yield* pullLines(context.output, result, performance.now() - startedAt)
      if (!context.output.quiet) yield* staleFolderLines(result)
    })
  },
})
