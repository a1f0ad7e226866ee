import { mkdir } from 'node:fs/promises'
import { attend, type Attendance } from './attend.ts'
import type { Runner } from './runner.ts'
import type { Units } from './interface.ts'
import { shareUnits } from './run-function.ts'
import type { TakenUnit, UnitQueue } from './unit-queue.ts'
import { type Verdict, verdictOfStop } from './verdict.ts'

/** A command that is started for each unit by itself. */
export interface CommandUnits {
  readonly folder: string
  readonly attendance: Attendance
  /** Starts a process for the command in the environment of the unit. */
  readonly start: (taken: TakenUnit) => Runner
  /** The words, with what stands for the unit filled in. */
  readonly words: (taken: TakenUnit) => readonly string[]
}

/** Has a command done for each unit, several at a time, until one fails. */
export async function runCommandUnits(queue: UnitQueue, units: Units, { folder, attendance, start, words }: CommandUnits): Promise<Verdict> {
  const quiet: Attendance = { ...attendance, onProgress: () => {} }
  return shareUnits(queue, units, async () => {
    for (let taken = await queue.take(); taken !== undefined; taken = await queue.take()) {
      for (const output of Object.values(taken.outputs)) await mkdir(output, { recursive: true })
      const runner = start(taken)
      const verdict = await runCommand(runner, folder, words(taken), quiet, `${taken.unit.name}: `)
      // Whatever it has left behind must not write on.
      await runner.kill()
      await runner.close()
      if (!(await queue.judge(taken, verdict, attendance.stop.first !== undefined))) return
      await queue.handOver(taken, verdict)
    }
  })
}

/** Has a process start a command and look after it. */
export async function runCommand(runner: Runner, folder: string, words: readonly string[], attendance: Attendance, about = ''): Promise<Verdict> {
  runner.send({ type: 'command', folder, words })
  const answer = await attend(runner, attendance, about)
  if (answer.type === 'stop') return verdictOfStop(answer)
  if (answer.type === 'not-started') return failed(answer.message, null, null)
  if (answer.type === 'death') {
    return failed(answer.trouble === null ? 'the process that looked after the command ended' : `no process could be started: ${answer.trouble}`, answer.exitCode, answer.signal)
  }
  if (answer.type !== 'exited') throw new Error(`A command's process said ${answer.type}`)
  const { exitCode, signal } = answer
  if (exitCode === 0) return { status: 'succeeded', reason: null, exitCode, signal, mathRandomCalls: null }
  return failed(signal === null ? `the command ended with exit code ${exitCode}` : `the command was ended by ${signal}`, exitCode, signal)
}

function failed(reason: string, exitCode: number | null, signal: string | null): Verdict {
  return { status: 'failed', reason, exitCode, signal, mathRandomCalls: null }
}
