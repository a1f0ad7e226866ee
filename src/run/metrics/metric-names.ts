/** Most metrics of a run. Names that are made up as a run goes on, such as one a step, would fill memory. */
export const MAX_METRICS = 10_000
/** Longest name, in UTF-16 units; MLflow's limit too. */
export const MAX_METRIC_NAME_LENGTH = 250

/** What is wrong with the name of a metric, or undefined: any other text may be one. */
export function metricNameProblem(name: string): string | undefined {
  if (name.length === 0) return 'The name of a metric is empty'
  return name.length > MAX_METRIC_NAME_LENGTH ? `The name of a metric has ${name.length} characters, and may have ${MAX_METRIC_NAME_LENGTH}: "${name.slice(0, 40)}…"` : undefined
}
