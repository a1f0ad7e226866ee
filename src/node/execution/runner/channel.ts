import { parentPort } from 'node:worker_threads'
import type { FromRunner, ToRunner } from '../protocol.ts'

/** The way to whoever started this. */
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

/** The way to the thread that started this one. */
export function threadChannel(): Channel {
  const port = parentPort
  if (port === null) throw new Error('This program is started by varve alone')
  return {
    send: (message) => port.postMessage(message),
    onMessage: (handle) => void port.on('message', (message) => handle(message as ToRunner)),
    keepsAlive: (keeps) => (keeps ? port.ref() : port.unref()),
  }
}
