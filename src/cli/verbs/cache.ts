import { Argument } from 'commander'
import { InvalidArgumentError } from '../../errors.ts'
import type { BlockCache, CacheStatus } from '../../node/block-cache/block-cache.ts'
import { type Context, OUTCOMES } from '../context.ts'
import { collect } from '../folder-flags.ts'
import { formatBytes, plural } from '../format.ts'
import { parseSize } from '../size.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly path?: readonly string[]
}

/** What each action takes. */
const ACTIONS = {
  status: { values: 0, usage: 'status' },
  clear: { values: 0, usage: 'clear' },
  limit: { values: 1, usage: 'limit <size>' },
  prefetch: { values: 1, usage: 'prefetch <rev>[:path]' },
} as const

type Action = keyof typeof ACTIONS

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve cache', 'how much was kept of what was read from remotes, and where'],
    ['varve cache prefetch mnist/raw:train', 'fetch a folder ahead, to read it without the remote'],
    ['varve cache limit 20GiB', 'let it grow; what was used longest ago goes first'],
    ['varve cache clear', 'remove all of it: nothing is lost, it is read from the remote again'],
  ],
  configure(command) {
    command
      .addArgument(new Argument('[action]', 'what to do').choices(Object.keys(ACTIONS)).default('status'))
      .argument('[value]', 'limit: a size such as 20GiB (2 GiB by default); prefetch: a revision, perhaps with :path')
      .option('--path <glob>', 'prefetch: only what matches, a glob or a path (repeatable)', collect)
  },
  async run(context, [action = 'status', ...values], flags) {
    const { values: wanted, usage } = ACTIONS[action as Action]
    if (values.length !== wanted) throw new InvalidArgumentError(`\`varve cache ${action}\` was given ${plural(values.length, 'value')}`, { hint: `Write varve cache ${usage}` })
    if (flags.path !== undefined && action !== 'prefetch') throw new InvalidArgumentError('--path makes sense with `varve cache prefetch` only', { hint: 'Write varve cache prefetch <rev> --path <glob>.' })
    await acts[action as Action](context, values, flags)
  },
})

const acts: Readonly<Record<Action, (context: Context, values: readonly string[], flags: Flags) => Promise<void>>> = {
  status: (context) => tell(context, async () => undefined),
  clear: (context) => tell(context, (cache) => cache.clear()),
  async limit(context, [size = '']) {
    const bytes = parseSize(size)
    await tell(context, (cache) => cache.limit(bytes))
  },
  async prefetch(context, [revision = ''], { path }) {
    const { prefetch } = await import('../../remote/lazy/prefetch.ts')
    await using repository = await context.open()
    const result = await context.long(OUTCOMES.stored, ({ signal, onProgress }) => prefetch(repository, revision, { signal, onProgress, ...(path === undefined ? {} : { paths: path }) }))
    await context.output.result(result, () => [
      `${plural(result.files, 'file')}, ${formatBytes(result.bytes)} can be read without the remote; ${result.fetchedBlocks === 0 ? 'all of it was here' : `${plural(result.fetchedBlocks, 'block')}, ${formatBytes(result.fetchedBytes)} fetched`}`,
    ])
  },
}

/** Does something with the cache, then says how it is. */
async function tell(context: Context, work: (cache: BlockCache) => Promise<void>): Promise<void> {
  const { openCache } = await import('../../remote/lazy/open-cache.ts')
  await using repository = await context.open()
  const cache = await openCache(repository)
  await work(cache)
  const status = await cache.status()
  await cache.close()
  await context.output.result(status, () => statusLines(status))
}

function* statusLines({ folder, bytes, packs, blocks, limitBytes }: CacheStatus): Generator<string> {
  yield `${formatBytes(bytes)} of ${formatBytes(limitBytes)} used: ${plural(blocks, 'block')} in ${plural(packs, 'pack')}`
  yield folder
}
