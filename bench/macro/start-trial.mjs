import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const TRIAL = fileURLToPath(new URL('trial.mjs', import.meta.url))
const STDERR_SHOWN_CHARACTERS = 2000

/**
 * Measures one command. Ends it, and all that it started, when the signal says so or the time is up.
 * @param {import('./subjects.mjs').Command} command
 * @param {{ scratch: string, limitSeconds: number, signal: AbortSignal }} options
 * @returns {Promise<import('./trial.mjs').Measurement>}
 * @throws Error if the command fails or takes too long; the signal's reason if that was given
 */
export async function startTrial(command, { scratch, limitSeconds, signal }) {
  signal.throwIfAborted()
  const tooLong = AbortSignal.timeout(limitSeconds * 1000)
  // A group of its own, so that one signal reaches the command and its children, and the terminal's Ctrl-C only the parent.
  const child = fork(TRIAL, { detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const stop = AbortSignal.any([signal, tooLong])
  const kill = () => endGroup(child.pid)
  stop.addEventListener('abort', kill)
  try {
    child.send({ command, scratch })
    const answer = await Promise.race([once(child, 'message'), once(child, 'exit')])
    signal.throwIfAborted()
    const text = command.argv.join(' ')
    if (tooLong.aborted) throw new Error(`Took longer than ${limitSeconds} s: ${text}`)
    const measurement = answer[0]
    if (typeof measurement !== 'object' || measurement === null) throw new Error(`The trial process ended early: ${text}`)
    if (measurement.exitCode !== 0) throw new Error(`Exit code ${measurement.exitCode}: ${text}\n${measurement.stderr.slice(-STDERR_SHOWN_CHARACTERS)}`)
    return measurement
  } finally {
    stop.removeEventListener('abort', kill)
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      if (stop.aborted) kill()
      else if (child.connected) child.disconnect()
      await ended
    }
  }
}

/** @param {number | undefined} leader */
function endGroup(leader) {
  if (leader === undefined) return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
