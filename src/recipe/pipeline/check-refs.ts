import type { PlannedStep } from './interface.ts'
import type { Problems } from './problems.ts'
import { outputRef, refFolder, refNameProblem } from './ref-targets.ts'

type Step = Omit<PlannedStep, 'after'>

/** Two outputs under one name would overwrite each other; and a step that reads such a name would read what it was before, depending on who runs first. */
export function checkRefs(steps: readonly Step[], problems: Problems): void {
  const writers = new Map<string, string>()
  for (const step of steps) {
    for (const output of new Set([...(step.outputs ?? []), ...step.refs.keys()])) {
      const ref = outputRef(step, output)
      const earlier = writers.get(ref)
      const where = { place: step.place, path: `steps.${step.step}` }
      if (earlier !== undefined) problems.add(where, `${step.name}.${output} and ${earlier} would both be kept as "${ref}"`)
      const problem = step.refs.has(output) ? undefined : refNameProblem(ref)
      if (problem !== undefined) problems.add(where, problem)
      writers.set(ref, `${step.name}.${output}`)
    }
  }
  const folders = new Map(steps.filter(({ outputs }) => outputs === null).map((step) => [refFolder(step.name), step.name]))
  for (const step of steps) {
    for (const { name, source, place } of step.inputs) {
      if (source.kind !== 'revision') continue
      const end = source.revision.lastIndexOf('/')
      const writer = writers.get(source.revision) ?? (folders.has(source.revision.slice(0, end)) ? `${folders.get(source.revision.slice(0, end)) ?? ''}.${source.revision.slice(end + 1)}` : undefined)
      if (writer !== undefined) {
        problems.add({ place, path: `steps.${step.step}.inputs.${name}` }, `"${source.revision}" is what ${writer} makes: write ${writer}, so that it is made first; for the one before, write ${source.revision}~0`)
      }
    }
  }
}
