import type { CheckItemId, CheckRule } from './interface.ts'
import { approverRule } from './rules/approver.ts'
import { codeRule } from './rules/code.ts'
import { committedRule } from './rules/committed.ts'
import { configRule } from './rules/config.ts'
import { disjointRule } from './rules/disjoint.ts'
import { endedRule } from './rules/ended.ts'
import { evaluationRule } from './rules/evaluation.ts'
import { imageRule } from './rules/image.ts'
import { inputsRule } from './rules/inputs.ts'
import { remotesRule, signedRule } from './rules/not-yet.ts'
import { packagesRule } from './rules/packages.ts'
import { provenanceRule } from './rules/provenance.ts'
import { rerunRule } from './rules/rerun.ts'
import { secretsRule } from './rules/secrets.ts'
import { seedRule } from './rules/seed.ts'
import { varianceRule } from './rules/variance.ts'

/** The checklist, in its order. */
export const CHECK_RULES: readonly CheckRule[] = [
  inputsRule, provenanceRule, codeRule, configRule, evaluationRule, endedRule,
  committedRule, seedRule, disjointRule, packagesRule, imageRule, varianceRule,
  rerunRule, remotesRule, signedRule, approverRule, secretsRule,
]

export const CHECK_ITEMS: readonly CheckItemId[] = CHECK_RULES.map(({ id }) => id)
