import { compareOutcomes, type Reproduction } from '../../../run/compare-outcomes.ts'
import { tolerancesFor } from '../../../run/tolerances.ts'
import type { CheckRule, CheckSubject, Verdict } from '../interface.ts'
import { reproductionsOf } from '../sibling-runs.ts'
import { missing, proven } from '../verdicts.ts'

/** The newest re-run that ended well decides; if there is none, and the machine may do it, it is run again now. */
export const rerunRule: CheckRule = {
  id: 'rerun', level: 'audit', title: 'A clean re-run gives the same, or stays within the tolerance',
  decide: async (subject) => {
    const { repository, run, relatives, port } = subject
    const { ended, label } = run
    if (ended === null || !run.isOver) return missing('The run is not over', 'Wait for it to end.')
    if (ended.artifacts.length === 0 && Object.keys(ended.final).length === 0) return missing('The run made nothing that a re-run could be compared with', 'Record what it makes as artifacts, or log metrics.')
    // A policy is for many runs.
    const tolerances = tolerancesFor(ended, subject.tolerances)
    const others = await reproductionsOf(repository.blocks, run, await relatives())
    const again = others.find((other) => other.isOver && other.ended?.status === 'succeeded')
    if (again?.ended != null) return verdictOf({ run, tolerances }, again.label, await compareOutcomes(repository.blocks, ended, again.ended, tolerances))
    if (port.reproduce !== undefined) {
      const result = await port.reproduce(label)
      return verdictOf({ run, tolerances }, result.again, result)
    }
    return missing(others.length === 0 ? 'It was never run again' : `It was run again, and that did not end well: ${others.map((other) => `${other.label} ${other.ended?.status ?? 'running'}`).join(', ')}`, `\`varve reproduce ${label}\` runs it again in a clean folder and records that.`)
  },
}

function verdictOf({ run, tolerances }: Pick<CheckSubject, 'run' | 'tolerances'>, again: string, { verdict, firstDifference }: Pick<Reproduction, 'verdict' | 'firstDifference'>): Verdict {
  if (verdict === 'identical') return proven(`${again} gave the same artifacts to the bit, and the same metrics`)
  if (verdict === 'within tolerance') return proven(`${again} stayed within the tolerance (${Object.entries(tolerances).map(([name, most]) => `${name} ±${most}`).join(', ')}); it differs in ${firstDifference ?? 'nothing'}`)
  return missing(`${again} gave something else than ${run.label}: ${firstDifference ?? 'it is not known what'}`, 'Look for clocks, unseeded randomness and the order of parallel work; or state tolerances in the policy.')
}
