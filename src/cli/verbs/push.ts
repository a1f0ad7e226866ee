import { InvalidArgumentError } from '../../errors.ts'
import { OUTCOMES } from '../context.ts'
import { addRecordOptions, type RecordFlags, recordOptions } from '../record-flags.ts'
import { setRefusedExit } from '../record-lines.ts'
import { pushLines } from '../remote-lines.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends RecordFlags {
  readonly all?: boolean
  readonly to?: string
  readonly force?: boolean
  readonly acceptRollback?: boolean
  readonly message?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve push', 'send all refs and tags, and the records of runs, derivations and models, to the remote origin'],
    ['varve push mnist/raw mnist/raw@v2', 'these alone'],
    ['varve push --to ../shared/.varve', 'to a folder, or any other address, that needs no name'],
  ],
  configure(command) {
    addRecordOptions(command)
      .argument('[ref...]', 'refs and tags; default: all')
      .option('--all', 'all refs and tags, as by default')
      .option('--to <remote>', 'a remote, the path of a folder, or an address (default: origin)')
      .option('--force', 'move refs of the remote back or aside too; what they led to stays in its log of operations')
      .option('--accept-rollback', 'go on although the remote is older than it was')
      .option('-m, --message <why>', 'why, for the log of operations of the remote')
  },
  async run(context, refs, { all = false, to, force = false, acceptRollback = false, message, ...flags }) {
    if (all && refs.length > 0) throw new InvalidArgumentError('--all and the names of refs do not go together', { hint: 'Leave out one of them.' })
    const { push } = await import('../../remote/push.ts')
    const author = authorName()
    const startedAt = performance.now()
    await using repository = await context.open()
    const result = await context.long(OUTCOMES.sent, ({ signal, onProgress }) =>
      push(repository, {
        signal, onProgress, force, acceptRollback, ...recordOptions(flags),
        ...(to === undefined ? {} : { to }), ...(refs.length === 0 ? {} : { refs }), ...(message === undefined ? {} : { message }), ...(author === undefined ? {} : { author }),
      }),
    )
    setRefusedExit(result.records)
    await context.output.result(result, () => pushLines(context.output, result, performance.now() - startedAt))
  },
})
