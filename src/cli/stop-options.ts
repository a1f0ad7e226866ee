import type { JobOptions } from '../node/run/supervised-job.ts'
import type { Interruption } from './interruption.ts'

/** How signals reach a command that is supervised: on a terminal Ctrl-C reaches it by itself, all else is passed on as it came. The second ends it at once. */
export function stopOptions(interruption: Interruption): Pick<JobOptions, 'stopWith' | 'killSignal' | 'ownGroup'> {
  const onTerminal = process.stdin.isTTY
  return { ownGroup: !onTerminal, killSignal: interruption.watchSecond(), stopWith: () => (onTerminal && interruption.signalName === 'SIGINT' ? null : (interruption.signalName ?? 'SIGTERM')) }
}
