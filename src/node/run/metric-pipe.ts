import { appendFileSync } from 'node:fs'
import type { Readable } from 'node:stream'

/** The descriptor on which a command may write its metrics instead of appending them to a file. */
export const METRICS_DESCRIPTOR = 3
/** A longer line is passed on as it comes, for whoever reads the file to refuse. */
const MOST_KEPT_BYTES: number = 1024 * 1024
const NEWLINE = 0x0a

/**
 * Appends the lines that come through a pipe to the file of metrics, each with one write, so that they may come both ways at once and a run that is lost is told from the file alone.
 * What is wrong with the file is found by whoever reads it.
 */
export function pipeMetrics(from: Readable, file: string): void {
  let rest: Buffer = Buffer.alloc(0)
  const append = (bytes: Buffer): void => {
    try {
      if (bytes.length > 0) appendFileSync(file, bytes)
    } catch {
      // A full disk must not end the command.
    }
  }
  from.on('data', (bytes: Buffer) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    const end = all.length > MOST_KEPT_BYTES ? all.length : all.lastIndexOf(NEWLINE) + 1
    append(all.subarray(0, end))
    rest = Buffer.from(all.subarray(end))
  })
  from.on('end', () => append(rest.length === 0 ? rest : Buffer.concat([rest, Buffer.of(NEWLINE)])))
  from.on('error', () => undefined)
}
