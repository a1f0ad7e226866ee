import type { MaybePromise } from '../types.ts'

/** Writes what another program gives, as fast as it is taken. If nobody reads any more, what comes is dropped: that is no reason to end the program. */
export function passOn(stream: NodeJS.WriteStream, bytes: Uint8Array): MaybePromise<void> {
  if (!stream.writable || stream.write(bytes)) return undefined
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close', 'error'] as const) stream.off(event, done)
      resolve()
    }
    for (const event of ['drain', 'close', 'error'] as const) stream.on(event, done)
  })
}

/** From now on this process goes on when nobody reads its output any more, as `varve run … | head` must: what it supervises is not done. */
export function outliveReaders(): void {
  process.stdout.removeAllListeners('error')
  process.stdout.on('error', () => undefined)
}
