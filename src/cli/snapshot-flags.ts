import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type { SnapshotDetails } from '../dataset/record-snapshot.ts'
import type { SnapshotResult } from '../dataset/results.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { JsonValue } from '../types.ts'
import { collect, skippedLines } from './folder-flags.ts'
import { formatBytes, formatDuration, plural } from './format.ts'
import type { Output } from './output.ts'

/** What is said about a snapshot beside its data. */
export interface SnapshotFlags {
  readonly message?: string
  readonly source?: string
  readonly licence?: string
  readonly retrievedAt?: string
  readonly meta?: readonly string[]
  readonly author?: string
}

export function addSnapshotOptions(command: Command): Command {
  return command
    .option('-m, --message <why>', 'why the data is as it is, or changed')
    .option('--source <uri>', 'where the data came from')
    .option('--licence <name>', 'its licence: an SPDX expression, a name or an address')
    .option('--retrieved-at <time>', 'when it was fetched, as 2026-11-30 or 2026-11-30T12:00:00Z')
    .option('--meta <key=value>', 'anything else; a value that is JSON is kept as JSON (repeatable)', collect)
    .option('--author <name>', 'default: VARVE_AUTHOR, else your user name')
}

/** @throws InvalidArgumentError for a time or a key=value that is none */
export function snapshotDetails({ message, source, licence, retrievedAt, meta = [], author }: SnapshotFlags): SnapshotDetails {
  if (retrievedAt !== undefined && Number.isNaN(Date.parse(retrievedAt))) {
    throw new InvalidArgumentError(`"${retrievedAt}" is not a time`, { hint: 'Write it as 2026-11-30 or 2026-11-30T12:00:00Z.' })
  }
  const origin = { ...(source === undefined ? {} : { uri: source }), ...(licence === undefined ? {} : { licence }), ...(retrievedAt === undefined ? {} : { retrievedAt }) }
  const who = authorName(author)
  return {
    ...(message === undefined ? {} : { message }),
    ...(Object.keys(origin).length === 0 ? {} : { source: origin }),
    ...(meta.length === 0 ? {} : { meta: Object.fromEntries(meta.map(parseMeta)) }),
    ...(who === undefined ? {} : { author: who }),
  }
}

/** Who acts: as told, else VARVE_AUTHOR, else the user's name, if the system knows it. */
export function authorName(named?: string): string | undefined {
  const wanted = named ?? process.env.VARVE_AUTHOR ?? ''
  if (wanted !== '') return wanted
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

function parseMeta(text: string): [key: string, value: JsonValue] {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError(`"${text}" is not of the form key=value`, { hint: 'Write --meta split=train, or --meta \'classes=["a","b"]\'.' })
  const value = text.slice(at + 1)
  try {
    return [text.slice(0, at), JSON.parse(value) as JsonValue]
  } catch {
    return [text.slice(0, at), value]
  }
}

/** Prints what a snapshot or an import made. */
export async function printSnapshot(output: Output, result: SnapshotResult): Promise<void> {
  await output.result(result, function* () {
    yield `root      ${output.style('bold', result.root)}`
    yield `snapshot  ${result.snapshot}`
    if (output.quiet) return
    const { ref, files, bytes, newFiles, newBytes, restoredBlocks, storedBytes, elapsedMs } = result
    const size = `${plural(files, 'file')}, ${formatBytes(bytes)}`
    if (restoredBlocks > 0) yield `${output.style('green', 'stored again')} ${plural(restoredBlocks, 'block')} of ${ref} that ${restoredBlocks === 1 ? 'was' : 'were'} missing`
    if (!result.created) yield `${ref} has not changed: ${size} (${formatDuration(elapsedMs)})`
    else {
      yield `${output.style('cyan', ref)}: ${size} in ${formatDuration(elapsedMs)}`
      yield `${plural(newFiles, 'new or changed file')}; ${formatBytes(newBytes)} of content new, ${formatBytes(Math.max(0, bytes - newBytes))} held already; ${formatBytes(storedBytes)} written`
    }
    yield* skippedLines(result.skipped)
  })
}
