import type { Repository } from '../../dataset/repository.ts'
import { CheckFailedError } from '../../errors.ts'
import { modelLabel } from '../model-key.ts'
import type { ListedVersion } from '../model-tree.ts'
import { checkVersion } from './check-run.ts'
import type { CheckPolicy, CheckPort } from './interface.ts'

/** What somebody wants to do with a version: approve it, point an alias to it, or take one away from it. */
export type GuardedAct = { readonly kind: 'approve'; readonly by: string } | { readonly kind: 'alias' | 'removal'; readonly alias: string }

/** Refuses what a policy does not allow yet. @throws CheckFailedError with what is missing */
export async function assertAllowed(repository: Repository, version: ListedVersion, act: GuardedAct, policy: CheckPolicy, port: CheckPort | undefined): Promise<void> {
  const level = act.kind === 'approve' ? policy.before.approve : (policy.before.alias.get(act.alias) ?? null)
  if (level === null) return
  const report = await checkVersion(repository, version, { level, policy, ...(port === undefined ? {} : { port }), ...(act.kind === 'approve' ? { approver: act.by } : {}) })
  if (report.reached) return
  const lacking = report.items.filter(({ passes }) => !passes)
  const what = act.kind === 'approve' ? 'be approved' : act.kind === 'alias' ? `be ${version.name}@${act.alias}` : `lose ${version.name}@${act.alias}`
  throw new CheckFailedError(`${modelLabel(version)} cannot ${what}: ${policy.file} asks for the level ${level}, and ${lacking.map(({ id, status }) => `${id} is ${status}`).join(', ')}`, {
    data: { subject: report.subject, level, policy: policy.file, items: lacking }, hint: `\`varve check ${modelLabel(version)} --level ${level}\` says what to do about each.`,
  })
}
