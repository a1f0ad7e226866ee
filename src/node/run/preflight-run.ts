import type { Repository } from '../../dataset/repository.ts'
import type { CheckLevel, CheckPolicy, CheckReport } from '../../registry/check/interface.ts'
import { preflight } from '../../registry/check/preflight.ts'
import type { ResolvedConfig } from '../../run/config/interface.ts'
import { resolveConfig } from '../../run/config/resolve-config.ts'
import type { OperationOptions } from '../../types.ts'
import type { StartRunOptions } from './interface.ts'
import { ownProcess } from './own-process.ts'
import { isResolved } from './start-run.ts'

export interface PreflightRunOptions extends Omit<StartRunOptions, 'config'>, Pick<OperationOptions, 'signal'> {
  /** As for `startRun`, or what reads it, so that what is wrong with it is one of the items. */
  readonly config?: StartRunOptions['config'] | (() => ResolvedConfig | Promise<ResolvedConfig>)
  /** The words of a command, whose placeholders must stand for something, and what it writes. */
  readonly command?: readonly string[]
  readonly outputs?: Readonly<Record<string, string>>
  /** Default: that of the policy, else `reproducible`. */
  readonly level?: CheckLevel
  readonly policy?: CheckPolicy
}

/**
 * Checks a run that has not begun, with the options that it would be begun with: see `preflight`. Looks at the project as `startRun` does, and leaves nothing behind.
 *
 * @example
 * const { reached, items } = await preflightRun(repository, { name: 'train', inputs: { train: 'features@v3' }, config: { rate: 0.1 }, seed: 7 })
 */
export async function preflightRun(repository: Repository, options: PreflightRunOptions): Promise<CheckReport> {
  const { name, inputs = {}, config = {}, seed, command = [], outputs = {}, folder = process.cwd(), image, level, policy, signal } = options
  const { blocks, location } = repository
  await blocks.refresh()
  const { captureRun } = await import('../capture/capture-run.ts')
  // What is stored on the way belongs to nothing, and goes with the session.
  const { capture } = await blocks.withSession((session) => captureRun(folder, {
    session, chunker: blocks.config.chunker, repositoryFolder: location, argv: options.argv ?? [], variables: options.variables ?? ownProcess().variables, image, command, ...(signal === undefined ? {} : { signal }),
  }))
  return preflight(repository, {
    name, inputs, seed, capture, command, outputs: Object.keys(outputs), config: typeof config === 'function' ? config : isResolved(config) ? config : resolveConfig({ program: config }),
    ...(level === undefined ? {} : { level }), ...(policy === undefined ? {} : { policy }), ...(signal === undefined ? {} : { signal }),
  })
}
