import type { Stop } from './attend.ts'
import type { ExecutionOutcome } from './interface.ts'

/** How the processes of a run ended, before what they did to the folders is looked at. */
export type Verdict = Omit<ExecutionOutcome, 'stdout' | 'stderr'>

export function verdictOfStop({ status, reason }: Stop): Verdict {
  return { status, reason, exitCode: null, signal: null, mathRandomCalls: null }
}
