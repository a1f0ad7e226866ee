import { attend, type Attendance } from './attend.ts'
import type { RunnerProcess } from './runner-process.ts'
import { type Verdict, verdictOfStop } from './verdict.ts'

/** Has a process start a command and look after it. */
export async function runCommand(runner: RunnerProcess, folder: string, words: readonly string[], attendance: Attendance): Promise<Verdict> {
  runner.send({ type: 'command', folder, words })
  const answer = await attend(runner, attendance)
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
