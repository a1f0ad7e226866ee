import type { CheckRule } from '../interface.ts'
import { declared, missing, someOf } from '../verdicts.ts'

/** Declared at most: who somebody is, only signatures can prove. */
export const approverRule: CheckRule = {
  id: 'approver', level: 'audit', title: 'Somebody other than its author approves of it',
  decide: ({ model, run }) => {
    if (model === null) return missing('Runs are not approved: versions of models are', `Register a model of ${run.label} and have it approved: varve model approve <name>@<n> --as <identity>`)
    const { version, approvals } = model
    if (version.by === null) return missing('It is not recorded who registered it, so that nobody can be told from them', 'Register it again with an author (VARVE_AUTHOR).')
    const others = approvals.filter(({ by }) => by !== null && !isSamePerson(by, version.by))
    if (others.length > 0) return declared(`${someOf(others.map(({ by, at }) => `${by} (${at})`))}; it was registered by ${version.by}`)
    return missing(approvals.length === 0 ? 'Nobody has approved of it' : `Only ${version.by}, who registered it, has approved of it`, `Have somebody else approve of it: varve model approve ${version.name}@${version.number} --as <identity>`)
  },
}

function isSamePerson(a: string | null, b: string | null): boolean {
  return a?.trim().toLowerCase() === b?.trim().toLowerCase()
}
