import type { RevisionInfo } from '../../dataset/results.ts'
import { formatBytes, formatCount, plural } from '../format.ts'
import type { Output } from '../output.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { snapshotLines } from '../snapshot-lines.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<object>({
  examples: [['varve show mnist/raw@v2', 'its root, size, message, author, source and refs']],
  configure(command) {
    command.argument('<rev...>', 'one revision or more')
  },
  async run(context, revisions) {
    await using repository = await context.open()
    const found: RevisionInfo[] = []
    for (const revision of revisions) found.push(await repository.show(needWholeRevision(revision)))
    const { output } = context
    await output.result(found, () => found.map((info) => [...revisionLines(output, info)].join('\n')))
  },
})

function* revisionLines(output: Output, info: RevisionInfo): Generator<string> {
  const content = `content   ${plural(info.files, 'file')}, ${formatBytes(info.bytes)}; ${formatCount(info.entries)} entries, cut by ${info.chunker}`
  if (info.snapshot === null) yield* [`root      ${output.style('bold', info.root)}`, content]
  else yield* snapshotLines(output, info.snapshot, [...(info.refs.length > 0 ? [`refs      ${info.refs.join(', ')}`] : []), content])
}
