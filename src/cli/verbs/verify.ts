import type { Repository } from '../../dataset/repository.ts'
import type { VerifyResult } from '../../dataset/verify.ts'
import { CorruptObjectError, InvalidArgumentError } from '../../errors.ts'
import { type Context, OUTCOMES } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { rebuildLines } from '../rebuild-lines.ts'
import { formatBytes, formatDuration, plural, shownPath, shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { leftAtRemoved } from '../snapshot-lines.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly rebuild?: boolean
  readonly modules?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve verify', 'read and hash every byte of the repository'],
    ['varve verify data@v1', 'read and hash every byte of one dataset'],
    ['varve verify --rebuild covid/features', 'run all its recipes again, from the sources on, and compare each result'],
  ],
  configure(command) {
    command
      .argument('[rev]', 'one revision; default: everything, the packs themselves included')
      .option('--rebuild', 'run the recipes that the revision was derived by again, and compare; runs code that the repository holds')
      .option('--modules <folder>', 'with --rebuild: the project whose installed packages the recipes use (default: the working directory)')
  },
  async run(context, [revision], flags) {
    if (flags.rebuild === true) return verifyByRebuilding(context, revision, flags)
    const startedAt = performance.now()
    const wanted = revision === undefined ? undefined : needWholeRevision(revision)
    const { removed, ...result } = await verified(context, wanted)
    if (!result.ok) process.exitCode = EXIT.no
    await context.output.result(result, () => verifyLines(context.output, result, removed, performance.now() - startedAt))
  },
})

async function verifyByRebuilding(context: Context, revision: string | undefined, { modules }: Flags): Promise<void> {
  if (revision === undefined) throw new InvalidArgumentError('--rebuild needs a revision', { hint: 'Name a dataset that was derived: varve verify --rebuild <rev>' })
  const { rebuild } = await import('../../node/derive/rebuild.ts')
  await using repository = await context.open()
  const wanted = needWholeRevision(revision)
  const result = await context.long(OUTCOMES.unchanged, ({ signal, onProgress }) => rebuild(repository, wanted, { signal, onProgress, ...(modules === undefined ? {} : { modules }) }))
  if (!result.ok) process.exitCode = EXIT.no
  await context.output.result(result, () => rebuildLines(context.output, result, result.root))
}

/** A repository that is too damaged to open is an answer too. */
async function verified(context: Context, revision: string | undefined): Promise<VerifyResult & { readonly removed: readonly string[] }> {
  let repository: Repository
  try {
    repository = await context.open()
  } catch (error) {
    if (!(error instanceof CorruptObjectError)) throw error
    const { key } = error.data
    return { ok: false, blocks: 0, bytes: 0, damaged: [], problems: [{ key: typeof key === 'string' ? key : context.locate().path, problem: error.message }], leftAtRemotes: 0, removed: [] }
  }
  try {
    return await context.long(OUTCOMES.unchanged, async ({ signal, onProgress }) => {
      const result = await repository.verify(revision, { signal, onProgress })
      const { removedRemotes } = await import('../../remote/lazy/removed-remote.ts')
      const removed = result.leftAtRemotes === 0 ? [] : await removedRemotes(repository.blocks)
      if (revision !== undefined) return { ...result, removed }
      const { summaryProblems } = await import('../../run/verify-summaries.ts')
      const problems = [...result.problems]
      for await (const problem of summaryProblems(repository.blocks, signal)) problems.push(problem)
      return { ...result, removed, problems, ok: result.ok && problems.length === 0 }
    })
  } finally {
    await repository.close()
  }
}

function* verifyLines(output: Output, { ok, blocks, bytes, damaged, problems, listed, leftAtRemotes }: VerifyResult, removed: readonly string[], elapsedMs: number): Generator<string> {
  for (const { cid, reason, paths } of damaged) {
    yield `${output.style('red', 'damaged')} ${cid}: ${shownText(reason)}`
    for (const path of paths) yield `    ${shownPath(path)}`
  }
  for (const { key, problem } of problems) yield `${output.style('red', 'problem')} ${shownText(problem.startsWith(key) ? problem : `${key}: ${problem}`)}`
  if (ok && output.quiet) return
  if (listed === false) yield output.style('dim', 'nothing can be listed here: all that the newest state leads to was read, and newer states after a lost root record were not looked for')
  const read = `${plural(blocks, 'block')}, ${formatBytes(bytes)} read and hashed in ${formatDuration(elapsedMs)}`
  const left = leftAtRemotes === 0 ? '' : `; the data of ${plural(leftAtRemotes, 'snapshot')} was left at a remote, and not looked at`
  for (const remote of removed) yield `${output.style('yellow', 'disconnected')}: data is ${leftAtRemoved(remote)}`
  if (ok) yield `${output.style('green', 'sound')}: ${read}${left}`
  else {
    yield `${output.style('red', 'not sound')}: ${plural(damaged.length, 'damaged block')}, ${plural(problems.length, 'other problem')}; ${read}`
    yield '  `varve repair` mends what can be mended; what is not in the repository any more comes back with a new snapshot of the same files, or from an intact copy with --from <repo>.'
  }
}
