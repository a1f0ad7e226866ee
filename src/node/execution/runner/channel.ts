import type { FromRunner, ToRunner } from '../protocol.ts'

/** The way to the process that started this one. */
export interface Channel {
  send(message: FromRunner): void
  onMessage(handle: (message: ToRunner) => void): void
  /** While code of the user runs, the channel alone does not keep the process alive: one that waits for nothing ends. */
  keepsAlive(keeps: boolean): void
}

/** Takes the channel away from code that runs here. */
export function claimChannel(): Channel {
  const { channel } = process
  const send = process.send?.bind(process)
  const on = process.on.bind(process)
  if (channel === undefined || channel === null || send === undefined) throw new Error('This program is started by varve alone')
  const reach = channel
  // Not `disconnect`, which Node calls itself when the other end is gone.
  Object.assign(process, { send: undefined })
  return {
    // Whoever started this is gone if it cannot be told, and then this ends too.
    send: (message) => void send(message, undefined, undefined, () => {}),
    onMessage: (handle) => void on('message', (message) => handle(message as ToRunner)),
    keepsAlive: (keeps) => (keeps ? reach.ref() : reach.unref()),
  }
}
