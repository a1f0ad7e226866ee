import { InvalidArgumentError } from '../errors.ts'
import { momentOf } from '../registry/moment.ts'

/** The time (Unix, ms) that a date or a time stands for; a date counts to its end, in UTC. @throws InvalidArgumentError */
export function parseMoment(text: string, option: string): number {
  const moment = momentOf(text)
  if (moment === undefined) throw new InvalidArgumentError(`"${text}" is not a date`, { hint: `Write ${option} 2026-03-01, which is the end of that day in UTC, or ${option} 2026-03-01T12:00:00Z.` })
  return moment
}
