import { InvalidArgumentError } from '../../errors.ts'
import { execute } from './execute.ts'
import type { Executor } from './interface.ts'
import { RunnerProcess } from './runner-process.ts'
import { RunnerThread } from './runner-thread.ts'

/** Runs recipes in child processes of this one: what everything uses that is not told otherwise. */
export const processExecutor: Executor = { execute: (job) => execute(job, (options) => new RunnerProcess(options)) }

/**
 * Runs functions in threads of this process, which start in some 20 ms instead of 50 and whose memory is this process's. They have globals, modules and variables of the environment of their
 * own, and the working directory, time zone and locale of this process; a crash in native code ends it. For tests, and for recipes that one trusts. Commands run in child processes.
 *
 * @throws InvalidArgumentError, from `execute`, if this process has another time zone or locale than recipes are run with elsewhere: what they give could depend on that
 */
export const inProcessExecutor: Executor = {
  async execute(job) {
    if (job.action.kind === 'command') return processExecutor.execute(job)
    const { timeZone, locale } = new Intl.DateTimeFormat().resolvedOptions()
    if (timeZone !== 'UTC' || locale !== 'en-US') {
      throw new InvalidArgumentError(`Recipes cannot run in this process: its time zone is ${timeZone} and its locale ${locale}, where those of recipes are UTC and en-US`, {
        data: { timeZone, locale }, hint: 'Start it with TZ=UTC and LC_ALL=C.UTF-8, or leave the executor out.',
      })
    }
    return execute(job, (options) => new RunnerThread(options))
  },
}
