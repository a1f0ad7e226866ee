import type { Capture } from '../../../run/capture-interface.ts'
import type { CheckRule, Verdict } from '../interface.ts'
import { missing, proven, someOf } from '../verdicts.ts'

export const committedRule: CheckRule = {
  id: 'committed', level: 'reproducible', title: 'The code is a commit, with nothing uncommitted, that a remote has',
  decide: ({ run }) => checkCommitted(run.started.capture),
}

export function checkCommitted({ git, missing: notCaptured }: Pick<Capture, 'git' | 'missing'>): Verdict {
  if (git === null) return missing(`The state of git was not recorded${notCaptured.length === 0 ? '' : ` (${someOf(notCaptured, 1)})`}`, 'Keep the code in git, and start runs in its working tree.')
  if (git.commit === null) return missing('There is no commit yet', 'Commit the code, push it and run again.')
  const dirty = [...git.dirty.map(({ path, status }) => `${status} ${path}`), ...git.submodules.filter(({ isDirty }) => isDirty).map(({ path }) => `submodule ${path}`)]
  if (dirty.length > 0) return missing(`The working tree is not the commit ${git.commit}: ${someOf([...new Set(dirty)])}`, 'Commit and push, then run. (What a run was made of is stored all the same.)')
  if (!git.isPushed) return missing(`No remote branch that was known had the commit ${git.commit}`, 'Push it, then run.')
  return proven(`Commit ${git.commit}${git.branch === null ? '' : ` of ${git.branch}`}, on a remote (${someOf(Object.values(git.remotes))}), with nothing uncommitted`)
}
