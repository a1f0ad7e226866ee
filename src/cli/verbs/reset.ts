import type { MovedRef } from '../../dataset/results.ts'
import { parseCid } from '../../cid/cid.ts'
import type { Output } from '../output.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly why?: string
  readonly expect?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve reset data data~1 --why "labels were shifted"', 'make the snapshot before the last the newest of data again; files stay as they are'],
    ['varve checkout data ./data', 'then take the folder back too'],
    ['varve reset data data@v2 --expect bafyreic7kq2m…', 'only if data points to that snapshot now'],
  ],
  configure(command) {
    command
      .argument('<ref>', 'the ref to move')
      .argument('<rev>', 'the snapshot that it is to point to')
      .option('-m, --why <why>', 'why, for the log of operations')
      .option('--expect <snapshot>', 'refuse unless the ref points to this snapshot (its whole CID); default: where it is when the command begins')
  },
  async run(context, [name = '', text = ''], { why, expect }) {
    const revision = needWholeRevision(text)
    const author = authorName()
    await using repository = await context.open()
    const moved = await repository.moveRef(name, revision, {
      ...(expect === undefined ? {} : { expected: parseCid(expect) }), ...(why === undefined ? {} : { message: why }), ...(author === undefined ? {} : { author }),
    })
    await context.output.result(moved, () => resetLines(context.output, moved))
  },
})

function* resetLines(output: Output, { name, root, snapshot, before, moved }: MovedRef): Generator<string> {
  yield `${output.style('cyan', name)}  ${root}`
  if (output.quiet) return
  if (!moved) yield `  it points to ${snapshot} already`
  else yield `  before: ${before}; \`varve gc\` removes what no other ref or tag leads to. To keep it: varve tag ${name}@<name> ${before}`
}
