import type { CheckRule } from '../interface.ts'
import { lacksOf, rootDataOf } from '../root-data.ts'
import { declared, missing, proven, someOf } from '../verdicts.ts'

/** Declared at most: where data is from, somebody says. */
export const provenanceRule: CheckRule = {
  id: 'provenance', level: 'basic', title: 'Data from outside has a source, a licence and a why',
  decide: async ({ repository, run }) => {
    const data = await rootDataOf(repository.blocks, run.started.inputs)
    if (run.started.inputs.length === 0) return missing('No input is recorded', 'Name what the run reads: --input train=<revision>, or `inputs` in a program.')
    if (data.length === 0) return proven('All of it was made by recipes that read nothing from outside')
    const lacking: string[] = []
    const said: string[] = []
    for (const { root, snapshots } of data) {
      const [best] = [...snapshots].sort((a, b) => lacksOf(a).length - lacksOf(b).length)
      const lacks = best === undefined ? ['a snapshot that says anything'] : lacksOf(best)
      if (lacks.length > 0) lacking.push(`${root} lacks ${lacks.join(', ')}`)
      else said.push(`${root}: ${best?.source?.uri ?? ''}, ${best?.source?.licence ?? ''}, "${best?.message.split('\n')[0] ?? ''}"${best?.author == null ? '' : ` (${best.author})`}`)
    }
    if (lacking.length > 0) return missing(someOf(lacking), 'Take a snapshot of the same data that says it: varve snapshot <dir> --ref <ref> --source <uri> --licence <name> -m <why>')
    return declared(someOf(said))
  },
}
