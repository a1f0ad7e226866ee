import type { VerifyResult } from '../../dataset/verify.ts'
import { OUTCOMES } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { formatBytes, formatDuration, plural, shownPath, shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<object>({
  examples: [
    ['varve verify', 'read and hash every byte of the repository'],
    ['varve verify data@v1', 'read and hash every byte of one dataset'],
  ],
  configure(command) {
    command.argument('[rev]', 'one revision; default: everything, the packs themselves included')
  },
  async run(context, [revision]) {
    const startedAt = performance.now()
    await using repository = await context.open()
    const wanted = revision === undefined ? undefined : needWholeRevision(revision)
    const result = await context.long(OUTCOMES.unchanged, ({ signal, onProgress }) => repository.verify(wanted, { signal, onProgress }))
    if (!result.ok) process.exitCode = EXIT.no
    await context.output.result(result, () => verifyLines(context.output, result, performance.now() - startedAt))
  },
})

function* verifyLines(output: Output, { ok, blocks, bytes, damaged, problems }: VerifyResult, elapsedMs: number): Generator<string> {
  for (const { cid, reason, paths } of damaged) {
    yield `${output.style('red', 'damaged')} ${cid}: ${shownText(reason)}`
    for (const path of paths) yield `    ${shownPath(path)}`
  }
  for (const { key, problem } of problems) yield `${output.style('red', 'problem')} ${key}: ${shownText(problem)}`
  if (ok && output.quiet) return
  const read = `${plural(blocks, 'block')}, ${formatBytes(bytes)} read and hashed in ${formatDuration(elapsedMs)}`
  if (ok) yield `${output.style('green', 'sound')}: ${read}`
  else {
    yield `${output.style('red', 'not sound')}: ${plural(damaged.length, 'damaged block')}, ${plural(problems.length, 'other problem')}; ${read}`
    yield '  Restore what is named above from an intact copy; every other path is sound and can be checked out.'
  }
}
