import { basename } from 'node:path'
import type { Repository } from '../../dataset/repository.ts'
import type { SnapshotInfo } from '../../dataset/results.ts'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import { shownTracked } from '../../repository/tracked-ref.ts'
import { doneOperations, operationLines } from '../operation-lines.ts'
import { refNames, shortList } from '../ref-choice.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { snapshotLines } from '../snapshot-lines.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly maxCount?: string
  readonly operations?: boolean
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve log mnist/raw', 'every snapshot of a ref, newest first'],
    ['varve log -n 1 --json', 'the newest, for a program'],
    ['varve log --operations mnist/raw', 'every move of the ref, with who, when, why, and where it was before'],
  ],
  configure(command) {
    command
      .argument('[ref]', 'a ref or other revision; default: the only ref, or the one named like the current folder')
      .option('-n, --max-count <number>', 'print at most so many')
      .option('--operations', 'what was done to the repository instead, newest first; of a ref alone if one is named')
  },
  async run(context, [revision], { maxCount, operations = false }) {
    const limit = maxCount === undefined ? Number.POSITIVE_INFINITY : Number(maxCount)
    if (maxCount !== undefined && !/^\d+$/.test(maxCount)) throw new InvalidArgumentError(`"${maxCount}" is not a number of snapshots`, { hint: 'Write -n 5.' })
    await using repository = await context.open()
    if (operations) {
      const done = await doneOperations(repository.blocks, revision, limit)
      return context.output.result(done, () => done.flatMap((operation) => [...operationLines(context.output, operation)]))
    }
    const wanted = revision === undefined ? await defaultRef(repository) : needWholeRevision(revision)
    const { output } = context
    const { removedRemotes } = await import('../../remote/lazy/removed-remote.ts')
    const removed = await removedRemotes(repository.blocks)
    const names = await namesBySnapshot(repository)
    await output.records(firstOf(repository.log(wanted), limit), (info) => {
      const pointing = names.get(info.snapshot)
      return `${[...snapshotLines(output, info, pointing === undefined ? [] : [`refs      ${pointing.join(', ')}`], removed)].join('\n')}\n`
    })
  },
})

async function namesBySnapshot(repository: Repository): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Map<string, string[]>()
  for await (const { name, target } of repository.blocks.refs()) names.set(target.toString(), [...(names.get(target.toString()) ?? []), shownTracked(name) ?? name])
  return names
}

async function* firstOf(snapshots: AsyncIterable<SnapshotInfo>, limit: number): AsyncGenerator<SnapshotInfo> {
  let count = 0
  if (limit === 0) return
  for await (const snapshot of snapshots) {
    yield snapshot
    if (++count >= limit) return
  }
}

async function defaultRef(repository: Repository): Promise<string> {
  const names = await refNames(repository)
  const [only] = names
  if (only === undefined) throw new NotFoundError(`${repository.location} holds no snapshot yet`, { hint: 'Take one with `varve snapshot <dir>`.' })
  if (names.length === 1) return only
  const { defaultRefName } = await import('../../dataset/default-ref-name.ts')
  const name = basename(process.cwd()) === '' ? undefined : defaultRefName(basename(process.cwd()))
  if (name !== undefined && names.includes(name)) return name
  throw new InvalidArgumentError(`There are ${names.length} refs; name one`, { data: { refs: names }, hint: `Write varve log <ref>. There are ${shortList(names)}.` })
}
