import { resolveRevision } from '../../dataset/revision.ts'
import type { Repository } from '../../dataset/repository.ts'
import { VarveError } from '../../errors.ts'
import { fillWords } from '../../recipe/command-words.ts'
import type { Capture } from '../../run/capture-interface.ts'
import type { ResolvedConfig } from '../../run/config/interface.ts'
import type { CID } from '../../cid/cid.ts'
import type { OperationOptions } from '../../types.ts'
import type { CheckLevel, CheckPolicy, CheckReport, Verdict } from './interface.ts'
import { checkCommitted, committedRule } from './rules/committed.ts'
import { checkConfig, configRule } from './rules/config.ts'
import { checkImage, imageRule } from './rules/image.ts'
import { checkInputs, inputsRule } from './rules/inputs.ts'
import { checkPackages, packagesRule } from './rules/packages.ts'
import { seedRule } from './rules/seed.ts'
import { declared, missing, proven } from './verdicts.ts'
import { askedFor, type AskedItem, weigh } from './weigh.ts'

/** A run that has not begun. */
export interface PreflightOptions extends Pick<OperationOptions, 'signal'> {
  readonly name: string
  /** Revisions by the names of the inputs. */
  readonly inputs?: Readonly<Record<string, string>>
  /** Or what makes it, so that what is wrong with it is one of the items. */
  readonly config: ResolvedConfig | (() => ResolvedConfig | Promise<ResolvedConfig>)
  readonly seed?: number | string | undefined
  /** What is known of code and machine (`captureRun` on Node). */
  readonly capture: Pick<Capture, 'git' | 'packages' | 'python' | 'container' | 'missing'>
  /** The words of a command, whose placeholders must stand for something, and the names of what it writes. */
  readonly command?: readonly string[]
  readonly outputs?: readonly string[]
  /** Default: that of the policy, else `reproducible`, which is all of it. */
  readonly level?: CheckLevel
  readonly policy?: CheckPolicy
}

/**
 * Checks before anything is made that data, configuration and code fit together and are pinned: inputs are there and are read and hashed whole, the configuration is sound and has all that the command asks for; with the level
 * `reproducible` also that the lock file is what is installed, the seed is set, nothing is uncommitted or unpushed, and the image is known by its digest. Stores nothing.
 *
 * @example
 * const { reached } = await preflight(repository, { name: 'train', inputs: { train: 'features@v3' }, config, seed: 7, capture })
 */
export async function preflight(repository: Repository, options: PreflightOptions): Promise<CheckReport> {
  const { name, capture, policy, seed } = options
  const level = options.level ?? policy?.level ?? 'reproducible'
  const items: readonly AskedItem[] = [
    { ...inputsRule, decide: () => inputsVerdict(repository, options) },
    { ...configRule, title: 'The configuration is sound, and has all that the command asks for', decide: () => configVerdict(options) },
    { ...committedRule, decide: () => checkCommitted(capture) },
    { ...seedRule, title: 'The seed is set', decide: () => (seed === undefined || seed === '' ? missing('No seed is set', 'Set one: --seed 7.') : declared(`Seed ${seed}`)) },
    { ...packagesRule, decide: () => checkPackages(capture) },
    { ...imageRule, decide: () => checkImage(capture) },
  ]
  return weigh({ kind: 'preflight', subject: name, run: null, level, checked: repository.blocks.platform.now().toISOString() }, askedFor(items, level, policy), policy)
}

async function inputsVerdict({ blocks }: Repository, { inputs = {}, signal }: PreflightOptions): Promise<Verdict> {
  const pinned: { name: string; revision: string; root: CID }[] = []
  for (const [name, revision] of Object.entries(inputs)) {
    const { root, path } = await resolveRevision(blocks, revision)
    if (path !== undefined) return missing(`The input ${name}, ${revision}, names a path; an input is a whole dataset`, 'Leave out the part from ":" on.')
    pinned.push({ name, revision, root })
  }
  return checkInputs(blocks, pinned, signal)
}

async function configVerdict({ config, command = [], inputs = {}, outputs = [], seed }: PreflightOptions): Promise<Verdict> {
  const resolved = typeof config === 'function' ? await config() : config
  const verdict = checkConfig(resolved)
  if (verdict.status === 'missing' || command.length === 0) return verdict
  try {
    fillWords(command, { inputs, outputs: Object.fromEntries(outputs.map((output) => [output, output])), params: resolved.values, paramsName: 'config', seed: String(seed ?? '') })
  } catch (error) {
    if (!(error instanceof VarveError)) throw error
    return missing(error.message, error.hint)
  }
  return verdict.status === 'proven' ? proven(`${verdict.evidence}; every placeholder of the command stands for something`) : verdict
}
