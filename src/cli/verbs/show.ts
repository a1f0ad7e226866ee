import { tryParseCid } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import type { RevisionInfo } from '../../dataset/results.ts'
import { nearest } from '../../dataset/near-names.ts'
import { resolveRecord } from '../../dataset/revision.ts'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import { modelNames } from '../../registry/find-model.ts'
import type { BlockRepository } from '../../repository/index.ts'
import { shownTracked } from '../../repository/tracked-ref.ts'
import { findRun, type FoundRun, runNames } from '../../run/find-run.ts'
import { runDocument } from '../../run/run-document.ts'
import { parseRunLabel } from '../../run/run-key.ts'
import { formatBytes, formatCount, plural } from '../format.ts'
import type { Output } from '../output.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { snapshotLines } from '../snapshot-lines.ts'
import { runLines } from '../run-lines.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<object>({
  examples: [
    ['varve show mnist/raw@v2', 'its root, size, message, author, source and refs'],
    ['varve show train#3', 'a run: data, code, configuration, machine, metrics, what it made'],
  ],
  configure(command) {
    command.argument('<rev...>', 'revisions, or runs such as train#3')
  },
  async run(context, revisions) {
    await using repository = await context.open()
    const { output } = context
    const { removedRemotes } = await import('../../remote/lazy/removed-remote.ts')
    const removed = await removedRemotes(repository.blocks)
    const documents: object[] = []
    const texts: string[] = []
    for (const wanted of revisions) {
      const run = await runNamed(repository, wanted)
      const info = run === undefined ? shownInfo(await repository.show(needWholeRevision(wanted))) : undefined
      documents.push(info ?? runDocument(run as FoundRun))
      texts.push([...(info === undefined ? runLines(output, run as FoundRun) : revisionLines(output, info, removed))].join('\n'))
    }
    await output.result(documents, () => texts)
  },
})

/** The run that a text names, unless a revision has that name. A label has a character that no revision has. */
async function runNamed({ blocks }: Repository, text: string): Promise<FoundRun | undefined> {
  if (parseRunLabel(text) !== undefined) return findRun(blocks, text)
  try {
    await resolveRecord(blocks, text)
    return undefined
  } catch (error) {
    // A block that is there and is no dataset may be the start of a run, which is its identity.
    if (error instanceof InvalidArgumentError && tryParseCid(text) !== undefined) return findRun(blocks, text).catch(() => undefined)
    if (!(error instanceof NotFoundError)) return undefined
    const run = await findRun(blocks, text).catch(() => undefined)
    if (run !== undefined || !text.match(PLAIN_NAME)) return run
    throw new NotFoundError(`There is no dataset and no run "${text}" in ${blocks.storage.location}`, { cause: error, data: error.data, hint: await hintFor(blocks, text, error.data['near']) })
  }
}

/** No path, no place in a history. */
const PLAIN_NAME = /^[^:~]+$/

async function hintFor(blocks: BlockRepository, text: string, near: unknown): Promise<string> {
  const models = await modelNames(blocks)
  if (models.includes(text.replace(/@.*/s, ''))) return `It is a model: varve model show ${text}`
  const meant = typeof near === 'string' ? near : nearest(text, await runNames(blocks))
  return `${meant === undefined ? '' : `Did you mean ${meant}? `}\`varve refs\` and \`varve runs\` say what there is.`
}

/** With the names that what remotes had can be asked for by. */
function shownInfo(info: RevisionInfo): RevisionInfo {
  return { ...info, refs: info.refs.map((name) => shownTracked(name) ?? name) }
}

function* revisionLines(output: Output, info: RevisionInfo, removed: readonly string[]): Generator<string> {
  const content = `content   ${plural(info.files, 'file')}, ${formatBytes(info.bytes)}; ${formatCount(info.entries)} entries, cut by ${info.chunker}`
  if (info.snapshot === null) yield* [`root      ${output.style('bold', info.root)}`, content]
  else yield* snapshotLines(output, info.snapshot, [...(info.refs.length > 0 ? [`refs      ${info.refs.join(', ')}`] : []), content], removed)
}
