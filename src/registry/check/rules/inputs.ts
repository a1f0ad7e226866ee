import { cidText } from '../../../cid/cid.ts'
import { verifyRevision } from '../../../dataset/verify.ts'
import type { BlockRepository } from '../../../repository/index.ts'
import type { RunInput } from '../../../run/interface.ts'
import type { CheckRule, Verdict } from '../interface.ts'
import { counted, missing, proven, someOf } from '../verdicts.ts'

export const inputsRule: CheckRule = {
  id: 'inputs', level: 'basic', title: 'Inputs are pinned, and all of their bytes are what was pinned',
  decide: ({ repository, run, signal }) => checkInputs(repository.blocks, run.started.inputs, signal),
}

/** Reads and hashes every byte of all inputs, each root once. */
export async function checkInputs(blocks: BlockRepository, inputs: readonly Pick<RunInput, 'name' | 'revision' | 'root'>[], signal: AbortSignal | undefined): Promise<Verdict> {
  if (inputs.length === 0) return missing('No input is recorded', 'Name what the run reads: --input train=<revision>, or `inputs` in a program.')
  const evidence: string[] = []
  for (const root of new Set(inputs.map((input) => cidText(input.root)))) {
    const names = inputs.filter((input) => cidText(input.root) === root)
    const { ok, damaged, blocks: read, bytes } = await verifyRevision(blocks, root, signal === undefined ? {} : { signal })
    const shown = names.map(({ name, revision }) => `${name} (${revision})`).join(', ')
    if (!ok) return missing(`${shown}: ${counted(damaged.length, 'block')} damaged or not there: ${someOf(damaged.flatMap(({ paths }) => paths.map((path) => path.replace(/^[^:]*:/, ''))))}`, '`varve repair` mends what it can; `varve reconstruct` makes derived data again.')
    evidence.push(`${shown}: root ${root}, ${counted(read, 'block')} and ${bytes} bytes hashed`)
  }
  return proven(evidence.join('; '))
}
