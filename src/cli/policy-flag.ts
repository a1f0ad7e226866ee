import { nearestPolicyFile, readPolicy } from '../node/read-policy.ts'
import type { Context } from './context.ts'
import type { CheckPolicy } from '../registry/check/interface.ts'

export const POLICY_FLAG = '--policy <file>'
export const POLICY_TEXT = 'what must be shown (default: the nearest varve-policy.yaml upward from here, else from the repository)'

/** The policy that was named, or else the nearest one upward from here, or else from the repository, wherever it is used from; an empty object if there is none. */
export async function policyOf(context: Pick<Context, 'locate'>, named: string | undefined): Promise<{ readonly policy?: CheckPolicy }> {
  const file = named ?? nearestPolicyFile(process.cwd()) ?? nearestPolicyFile(context.locate().path)
  return file === undefined ? {} : { policy: await readPolicy(file) }
}
