/** A value of a metric in JSON, which has no NaN and no infinities. */
export type MetricJson = number | 'NaN' | 'Infinity' | '-Infinity'

export function metricToJson(value: number): MetricJson {
  if (Number.isFinite(value)) return value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

/** Inverse of `metricToJson`, but for -0, which JSON as JavaScript writes it does not tell from 0; undefined for anything else. */
export function metricFromJson(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : undefined
}
