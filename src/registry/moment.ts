const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/

/**
 * The moment (Unix, ms) that a date or a time stands for: `2026-03-01` is the end of that day in UTC, so that what was done on it counts; `2026-03-01T12:00:00Z` is that moment. Undefined for anything else, a time without a
 * zone among it, and for days that there are not.
 */
export function momentOf(text: string): number | undefined {
  const date = DATE.test(text) ? text : TIME.exec(text)?.[1]
  if (date === undefined) return undefined
  const start = Date.parse(`${date}T00:00:00.000Z`)
  // The 30th of February is read as a day in March.
  if (Number.isNaN(start) || new Date(start).toISOString().slice(0, 10) !== date) return undefined
  const moment = date === text ? start + 86_400_000 - 1 : Date.parse(text)
  return Number.isNaN(moment) ? undefined : moment
}
