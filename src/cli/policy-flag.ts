import { nearestPolicyFile, readPolicy } from '../node/read-policy.ts'
import type { CheckPolicy } from '../registry/check/interface.ts'

export const POLICY_FLAG = '--policy <file>'
export const POLICY_TEXT = 'what must be shown (default: the nearest varve-policy.yaml upward)'

/** The policy that was named, or else the nearest one; an empty object if there is none. */
export async function policyOf(named: string | undefined): Promise<{ readonly policy?: CheckPolicy }> {
  const file = named ?? nearestPolicyFile(process.cwd())
  return file === undefined ? {} : { policy: await readPolicy(file) }
}
