import { cidText } from '../../../cid/cid.ts'
import { verifyRevision } from '../../../dataset/verify.ts'
import type { JsonValue } from '../../../types.ts'
import type { CheckRule, CheckSubject, Verdict } from '../interface.ts'
import { dataByRole } from '../roles.ts'
import { declared, missing, someOf } from '../verdicts.ts'

/** That the numbers are those of the data, only a run of the evaluation itself could prove. */
export const evaluationRule: CheckRule = {
  id: 'evaluation', level: 'basic', title: 'It was evaluated on data that is pinned',
  decide: async (subject) => {
    const evaluation = subject.model?.version.evaluation ?? null
    if (evaluation !== null) return evaluated(subject, evaluation.metrics, [{ label: evaluation.revision, root: evaluation.root }], 'who registered it says')
    const data = dataByRole(subject).filter(({ role }) => role !== 'train')
    const { final = {} } = subject.run.ended ?? {}
    if (Object.keys(final).length === 0) return missing('No metric is recorded', subject.model === null ? 'Log what it scores (`run.log`), and give the data it is scored on as an input named test.' : 'Register it with --evaluation metrics.json --on <revision>.')
    if (data.length === 0) return missing(`It logged ${someOf(Object.keys(final))}, and no input is named as data to test or validate on`, 'Give that data to the run as an input named test or validation, or register a model with --evaluation and --on.')
    return evaluated(subject, final, data, 'the run logged')
  },
}

async function evaluated({ repository, signal }: CheckSubject, metrics: { readonly [metric: string]: JsonValue }, data: readonly { readonly label: string; readonly root: Parameters<typeof cidText>[0] }[], who: string): Promise<Verdict> {
  const scores = someOf(Object.entries(metrics).map(([name, value]) => `${name} ${typeof value === 'number' ? value : JSON.stringify(value)}`))
  if (scores === '') return missing('The evaluation has no metric', 'Register it with the metrics that it scored.')
  for (const { label, root } of data) {
    const { ok, damaged } = await verifyRevision(repository.blocks, cidText(root), signal === undefined ? {} : { signal })
    if (!ok) return missing(`The data of the evaluation, ${label}, has ${damaged.length} blocks that are damaged or not there`, '`varve repair` mends what it can.')
  }
  return declared(`${who}: ${scores}, with ${data.map(({ label, root }) => `${label}, root ${cidText(root)}`).join('; ')}, whose bytes were hashed`)
}
