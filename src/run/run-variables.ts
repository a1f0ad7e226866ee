/** Paths by name, and what else a command is told. */
export interface RunPlaces {
  readonly run: string
  readonly seed: string
  /** The file with the configuration, as JSON. */
  readonly config: string
  /** The file that metrics are appended to. */
  readonly metrics: string
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
}

/** The variables by which a command finds all that: `VARVE_INPUT_<NAME>` and so on. */
export function runVariables({ run, seed, config, metrics, inputs, outputs }: RunPlaces): Readonly<Record<string, string>> {
  const named = (kind: string, paths: Readonly<Record<string, string>>): readonly (readonly [string, string])[] => Object.entries(paths).map(([name, path]) => [`VARVE_${kind}_${name.toUpperCase().replaceAll('-', '_')}`, path])
  return { VARVE_RUN: run, VARVE_SEED: seed, VARVE_CONFIG: config, VARVE_METRICS: metrics, ...Object.fromEntries([...named('INPUT', inputs), ...named('OUTPUT', outputs)]) }
}
