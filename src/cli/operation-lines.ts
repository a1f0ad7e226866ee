import type { BlockRepository } from '../repository/index.ts'
import { isReservedName } from '../repository/reserved-name.ts'
import { shownTracked } from '../repository/tracked-ref.ts'
import { shownText } from './format.ts'
import type { Output } from './output.ts'

/** One entry of the log of operations, for programs. */
export interface DoneOperation {
  readonly time: string
  readonly actor: string | null
  readonly action: string
  readonly message: string
  /** Refs that it moved; null for nothing. */
  readonly changes: readonly { readonly ref: string; readonly before: string | null; readonly after: string | null }[]
}

/** Operations, newest first; with a ref, those that moved it. Holds them all: some 300 bytes each. */
export async function doneOperations(repository: BlockRepository, ref: string | undefined, limit: number): Promise<readonly DoneOperation[]> {
  const done: DoneOperation[] = []
  for await (const { time, actor, action, message, changes } of repository.operations()) {
    const moved = changes.map(({ name, before, after }) => ({ ref: shownTracked(name) ?? name, before: before?.toString() ?? null, after: after?.toString() ?? null }))
    if (ref === undefined || moved.some((change) => change.ref === ref)) done.push({ time, actor, action, message, changes: moved })
  }
  return done.reverse().slice(0, limit)
}

/** Refs that varve keeps for itself are left out: what they lead to is shown by other commands. */
export function* operationLines(output: Output, { time, actor, action, message, changes }: DoneOperation): Generator<string> {
  const [subject = ''] = message.split('\n')
  yield [output.style('dim', time), output.style('cyan', action), ...(actor === null ? [] : [`by ${shownText(actor)}`]), ...(subject === '' ? [] : [`– ${shownText(subject)}`])].join('  ')
  for (const { ref, before, after } of changes) if (!isReservedName(ref)) yield `    ${ref}  ${before ?? 'nothing'} → ${after ?? 'nothing'}`
}
