import type { Storage } from '../../storage/interface.ts'
import type { RootLog } from '../root-log.ts'
import { EMPTY_STATE, type ReadRecord } from '../root-record.ts'
import { listTwice, triedTwice } from './look-twice.ts'

const LOG_PREFIX = 'log/'
const HINT_PREFIX = 'hints/'

/** What is left of the log of root records. */
export interface LogSurvey {
  /** The newest record that can be read; the empty state if there is none. */
  readonly newest: ReadRecord
  /** The largest number that a record had, as far as can be told; the next one is made after it. */
  readonly top: number
  /** Records after `newest` that cannot be read. */
  readonly givenUp: readonly number[]
  /** Records before it that cannot be read. */
  readonly unreadable: readonly number[]
  /** Numbers between others that have no record: whoever probes for the newest record would stop short at one. */
  readonly gaps: readonly number[]
}

/**
 * Lists the log rather than probing it, and reads every record.
 * @throws UnsupportedFormatError if a newer version of varve wrote one; @throws StorageError
 */
export async function surveyLog(storage: Storage, log: RootLog): Promise<LogSurvey> {
  const present = new Set(await numbersUnder(storage, LOG_PREFIX))
  let top = 0
  for (const number of [...present, ...(await numbersUnder(storage, HINT_PREFIX))]) top = Math.max(top, number)
  let lowest = top
  for (const number of present) lowest = Math.min(lowest, number)
  let newest: ReadRecord | undefined
  const givenUp: number[] = []
  const unreadable: number[] = []
  const gaps: number[] = []
  for (let number = top; number >= lowest && number > 0; number--) {
    if (!present.has(number)) {
      gaps.unshift(number)
      continue
    }
    const read = await readable(log, number)
    if (read === undefined) (newest === undefined ? givenUp : unreadable).unshift(number)
    else newest ??= read
  }
  return { newest: newest ?? EMPTY_STATE, top, givenUp, unreadable, gaps }
}

/** True if the newest state is not the one that was committed last, or might not be. */
export function isStateGivenUp({ newest, top, gaps }: LogSurvey): boolean {
  return newest.record.number < top || gaps.some((number) => number > newest.record.number)
}

/** The record, or undefined if it is there and damaged. One that another process removed meanwhile counts as damaged too. */
export function readable(log: RootLog, number: number): Promise<ReadRecord | undefined> {
  return triedTwice(() => log.read(number))
}

async function numbersUnder(storage: Storage, prefix: string): Promise<readonly number[]> {
  const numbers = [...(await listTwice(storage, prefix))].map((key) => key.slice(prefix.length)).filter((text) => /^\d+$/.test(text)).map(Number)
  return numbers.filter((number) => Number.isSafeInteger(number) && number > 0)
}
