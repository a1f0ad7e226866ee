import type { RunStart } from './interface.ts'
import { type Facts, packageFacts, runtimeFacts } from './run-facts.ts'

/** Something of the machine, or a package, that is not the same in two runs of the same code. */
export interface EnvironmentDifference {
  /** `node`, `platform`, `processor`, `gpu`, `container`, `$OMP_NUM_THREADS`, `package zod`. */
  readonly name: string
  /** As it is recorded; null where nothing is. */
  readonly first: string | null
  readonly again: string | null
}

/** The words of a command may differ by the folders of a clean place, and it is the same command. */
const IGNORED: ReadonlySet<string> = new Set(['command'])

/** In what the machine of a run and that of its reproduction differ, as far as both recorded it: versions, system, processor, GPU, container, variables, packages. The machine first, then packages, each sorted by name. */
export function compareEnvironments(first: RunStart, again: RunStart): readonly EnvironmentDifference[] {
  const [a, b] = [first.capture.packages, again.capture.packages]
  // That one of them could not be looked into is one thing to say, and not one for each package.
  const packages = (a === null) !== (b === null) ? [{ name: 'packages', first: recorded(first), again: recorded(again) }] : differing(packageFacts(first.capture), packageFacts(again.capture)).map((row) => ({ ...row, name: `package ${row.name}` }))
  return [...differing(runtimeFacts(first), runtimeFacts(again)).filter(({ name }) => !IGNORED.has(name)), ...packages]
}

function differing(first: Facts, again: Facts): readonly EnvironmentDifference[] {
  const names = [...new Set([...first.keys(), ...again.keys()])].sort()
  return names.flatMap((name) => (first.get(name) === again.get(name) ? [] : { name, first: first.get(name) ?? null, again: again.get(name) ?? null }))
}

function recorded({ capture: { packages } }: RunStart): string | null {
  return packages === null ? null : `${packages.installed.length} recorded`
}
