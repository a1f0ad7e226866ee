import type { CheckRule } from '../interface.ts'
import { missing } from '../verdicts.ts'

/** What this version of varve cannot find out is missing, whatever is so: a check that takes it on trust would be none. */
export const remotesRule: CheckRule = {
  id: 'remotes', level: 'audit', title: 'All that it is made of exists on two remotes',
  decide: () => missing('Records of runs, with code and models, do not travel to remotes yet, so that this cannot be shown', 'Keep copies of the repository in two places; waive this, with where they are, until that can be checked.'),
}

export const signedRule: CheckRule = {
  id: 'signed', level: 'audit', title: 'It is signed, and logged with a proof of inclusion',
  decide: () => missing('This version of varve makes no signatures and keeps no transparency log, and cannot tell', 'Waive this, with what stands in for it, until signatures can be checked.'),
}
