import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import { findRun, loadRun } from '../../run/find-run.ts'
import { getRun } from '../../run/run-tree.ts'
import { runsOfRoot } from '../../run/run-uses.ts'
import { findVersion } from '../find-model.ts'
import { modelLabel } from '../model-key.ts'
import { eventsOf, type ListedVersion } from '../model-tree.ts'
import { neitherRunNorModel } from '../neither-run-nor-model.ts'
import { readRunRecord } from '../../run/run-checkpoint.ts'
import { readRunStart } from '../../run/run-object.ts'
import type { CheckOptions, CheckReport, CheckSubject } from './interface.ts'
import { CHECK_RULES } from './rules.ts'
import { relativesOf } from './sibling-runs.ts'
import { askedFor, weigh } from './weigh.ts'

/**
 * Goes through the checklist for a run: what is proven, what is declared and what is missing, with the evidence and what to do. Reads what the level asks for: with `basic`, every byte of inputs and code; with `reproducible`,
 * also the manifests of data to train and to test on, and the starts of runs on the same data.
 *
 * @throws NotFoundError if there is no such run
 *
 * @example
 * const { reached, items } = await checkRun(repository, 'train#3', { level: 'reproducible' })
 */
export async function checkRun(repository: Repository, run: string, options: CheckOptions = {}): Promise<CheckReport> {
  const found = await findRun(repository.blocks, run)
  return report(repository, { run: found, model: null }, 'run', found.label, options)
}

/** The same for a version of a model: `digits@3`, `digits@production`. What its run, its evaluation and its approvals show. @throws NotFoundError if there is no such version */
export async function checkModel(repository: Repository, model: string, options: CheckOptions = {}): Promise<CheckReport> {
  return checkVersion(repository, await findVersion(repository.blocks, model), options)
}

/** The same for whatever a text names: a run, or else a model. @throws NotFoundError if it is neither */
export async function checkNamed(repository: Repository, text: string, options: CheckOptions = {}): Promise<CheckReport> {
  if (text.includes('@')) return checkModel(repository, text, options)
  try {
    return await checkRun(repository, text, options)
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    const version = await versionIfAny(repository, text)
    if (version === undefined) throw await neitherRunNorModel(repository.blocks, text, error)
    return checkVersion(repository, version, options)
  }
}

async function versionIfAny({ blocks }: Repository, text: string): Promise<ListedVersion | undefined> {
  try {
    return await findVersion(blocks, text)
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof InvalidArgumentError) return undefined
    throw error
  }
}

/** @param approver somebody who is about to approve, and counts as if they had */
export async function checkVersion(repository: Repository, version: ListedVersion, options: CheckOptions & { readonly approver?: string }): Promise<CheckReport> {
  const { blocks } = repository
  const approvals: { by: string | null; at: string }[] = options.approver === undefined ? [] : [{ by: options.approver, at: blocks.platform.now().toISOString() }]
  for await (const { by, at } of eventsOf(blocks, version)) approvals.push({ by, at })
  return report(repository, { run: await runOfVersion(repository, version), model: { version, approvals } }, 'model', modelLabel(version), options)
}

/** By what the version leads to, whether or not the run is still listed. */
async function runOfVersion({ blocks }: Repository, { root, run, record }: ListedVersion): Promise<CheckSubject['run']> {
  for await (const use of runsOfRoot(blocks, root, 'artifact')) {
    const listed = use.start.equals(run) ? await getRun(blocks, use) : undefined
    if (listed !== undefined) return loadRun(blocks, listed)
  }
  const [started, ended] = [await readRunStart(blocks, run), await readRunRecord(blocks, record)]
  return { name: started.name, number: 0, label: started.name, start: run, record, isOver: true, started, ended }
}

async function report(repository: Repository, of: Pick<CheckSubject, 'run' | 'model'>, kind: 'run' | 'model', name: string, { level, policy, port = {}, signal }: CheckOptions): Promise<CheckReport> {
  const wanted = level ?? policy?.level ?? 'basic'
  let relatives: ReturnType<CheckSubject['relatives']> | undefined
  const subject: CheckSubject = { ...of, repository, port, relatives: () => (relatives ??= relativesOf(repository.blocks, of.run)), tolerances: policy?.tolerances ?? {}, signal }
  const about = { kind, subject: name, run: of.run.label, level: wanted, checked: repository.blocks.platform.now().toISOString() }
  return weigh(about, askedFor(CHECK_RULES, wanted, policy).map((rule) => ({ ...rule, decide: () => rule.decide(subject) })), policy)
}
