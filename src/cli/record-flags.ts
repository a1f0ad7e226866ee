import type { Command } from 'commander'
import { InvalidArgumentError } from '../errors.ts'

/** What verbs take that exchange runs, derivations and models with a remote. */
export interface RecordFlags {
  readonly records?: boolean
}

/** @throws InvalidArgumentError when both are given on one command line, whichever is the last */
export function addRecordOptions(command: Command): Command {
  const given = new Set<string>()
  const note = (option: string): void => {
    if (given.add(option).size > 1) throw new InvalidArgumentError('--records and --no-records do not go together', { hint: 'Leave out one of them.' })
  }
  return command
    .on('option:records', () => note('records'))
    .on('option:no-records', () => note('no-records'))
    .option('--records', 'runs that are over, derivations and models too, as by default if no refs are named')
    .option('--no-records', 'leave runs, derivations and models out')
}

export function recordOptions({ records }: RecordFlags): RecordFlags {
  return records === undefined ? {} : { records }
}
