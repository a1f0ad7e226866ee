import type { CID } from '../../cid/cid.ts'
import type { CheckSubject } from './interface.ts'

/** What a dataset is for. */
export type DataRole = 'train' | 'validation' | 'test'

const WORDS: ReadonlyMap<string, DataRole> = new Map([
  ...['train', 'training'].map((word) => [word, 'train'] as const),
  ...['validation', 'valid', 'val', 'dev'].map((word) => [word, 'validation'] as const),
  ...['test', 'testing', 'eval', 'evaluation', 'holdout'].map((word) => [word, 'test'] as const),
])

/** What a run uses an input for, by its name: `train`, `test-images`, `val_labels`, `trainLabels`. Undefined if it does not say. */
export function roleOfInput(name: string): DataRole | undefined {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase().split(/[^a-z]+/)
  for (const word of words) {
    const role = WORDS.get(word)
    if (role !== undefined) return role
  }
  return undefined
}

/** A dataset with its role, and what to call it. */
export interface RoleData {
  readonly role: DataRole
  readonly label: string
  readonly root: CID
}

/** The datasets of a run and of the evaluation of a model whose role is known. */
export function dataByRole({ run, model }: Pick<CheckSubject, 'run' | 'model'>): readonly RoleData[] {
  const inputs = run.started.inputs.flatMap(({ name, revision, root }): RoleData[] => {
    const role = roleOfInput(name)
    return role === undefined ? [] : [{ role, label: `${name} (${revision})`, root }]
  })
  const evaluation = model?.version.evaluation ?? null
  return evaluation === null || inputs.some(({ role, root }) => role !== 'train' && root.equals(evaluation.root)) ? inputs : [...inputs, { role: 'test', label: `the evaluation (${evaluation.revision})`, root: evaluation.root }]
}
