import { spawn } from 'node:child_process'
import type { ToRunner } from '../protocol.ts'
import type { Channel } from './channel.ts'

/** Starts a command in the group of this process, with its environment and its output. No shell has a look at the words. */
export function startCommand({ words, folder }: ToRunner & { type: 'command' }, channel: Channel): void {
  const [program = '', ...rest] = words
  try {
    const child = spawn(program, rest, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], windowsHide: true })
    child.on('error', (error) => channel.send({ type: 'not-started', message: reasonFor(program, error) }))
    child.on('exit', (exitCode, signal) => channel.send({ type: 'exited', exitCode, signal }))
  } catch (error) {
    // Some refusals of the system, E2BIG for one, are thrown.
    channel.send({ type: 'not-started', message: reasonFor(program, error) })
  }
}

function reasonFor(program: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return `${program} was not found: it is neither on the search path nor, with its path, in the code folder`
  if (code === 'EACCES') return `${program} may not be executed`
  if (code === 'E2BIG') return 'the command and its parameters are longer than the system allows'
  return `${program} cannot be started: ${message}`
}
