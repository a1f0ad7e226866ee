import type { Command } from 'commander'

/** What verbs take that exchange runs, derivations and models with a remote. */
export interface RecordFlags {
  readonly records?: boolean
}

export function addRecordOptions(command: Command): Command {
  return command
    .option('--records', 'runs that are over, derivations and models too, as by default if no refs are named')
    .option('--no-records', 'leave runs, derivations and models out')
}

export function recordOptions({ records }: RecordFlags): RecordFlags {
  return records === undefined ? {} : { records }
}
