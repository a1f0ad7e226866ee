import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { decodeCbor, encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { asArray, asCid, asCount, asRecord, asText } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import { appendToList, listChunks } from '../file/index.ts'
import type { AppliedChange } from './refs.ts'
import { parseRefName } from './ref-name.ts'
import type { OperationLog } from './root-record.ts'

/** What a commit did, and why. */
export interface Operation {
  /** Position in the log, from 0. */
  readonly number: number
  readonly time: string
  readonly actor: string | null
  /** `snapshot`, `tag`, `checkpoint`, …: what the program was asked to do. */
  readonly action: string
  readonly message: string
  readonly changes: readonly AppliedChange[]
}

/** Operations that a root record holds by itself, so that a commit rewrites a list node only now and then. */
const MAX_TAIL = 64
const FIELDS = ['type', 'version', 'number', 'time', 'actor', 'action', 'message', 'changes'] as const

/** The block of an operation. */
export function encodeOperation(operation: Operation): Uint8Array {
  const changes = operation.changes.map((change) => [change.name, change.before, change.after])
  return encodeCbor({ ...operation, type: 'operation', version: 1, changes })
}

function decodeOperation(bytes: Uint8Array): Operation {
  const fields = asRecord(decodeCbor(bytes), 'An operation', FIELDS)
  if (fields.type !== 'operation' || fields.version !== 1) throw new MalformedDataError('A block in the operation log is not an operation')
  return {
    number: asCount(fields.number, 'An operation’s number'),
    time: asText(fields.time, 'An operation’s time'),
    actor: fields.actor === null ? null : asText(fields.actor, 'An operation’s actor'),
    action: asText(fields.action, 'An operation’s action'),
    message: asText(fields.message, 'An operation’s message'),
    changes: asArray(fields.changes, 'An operation’s changes').map((row) => {
      const [name, before, after] = asArray(row, 'A change', 3)
      return { name: parseRefName(asText(name, 'A change’s ref')), before: before === null ? null : asCid(before, 'A change'), after: after === null ? null : asCid(after, 'A change') }
    }),
  }
}

/** The log with one more operation. Writes its block and, once in 64 times, the right edge of the list. */
export async function appendOperation(blocks: BlockSource & BlockSink, log: OperationLog, operation: Omit<Operation, 'number'>): Promise<OperationLog> {
  const cid = await blocks.put(DAG_CBOR_CODE, encodeOperation({ ...operation, number: log.total }))
  const tail = [...log.tail, cid]
  const total = log.total + 1
  if (tail.length < MAX_TAIL) return { tree: log.tree, total, tail }
  const before = log.tree === null ? null : { cid: log.tree, size: total - tail.length }
  const { cid: tree } = await appendToList(blocks, blocks, before, tail.map((item) => ({ cid: item, size: 1 })), { leafCode: DAG_CBOR_CODE })
  return { tree, total, tail: [] }
}

/** All operations, oldest first. */
export async function* listOperations(source: BlockSource, log: OperationLog): AsyncGenerator<Operation> {
  let number = 0
  for await (const cid of operationCids(source, log)) {
    const operation = decodeOperation(await source.get(cid))
    if (operation.number !== number) throw new MalformedDataError(`Operation ${number} of the log says that it is number ${operation.number}`)
    number++
    yield operation
  }
}

/** The blocks of all operations, oldest first. */
async function* operationCids(source: BlockSource, log: OperationLog): AsyncGenerator<CID> {
  if (log.tree !== null) {
    for await (const { cid } of listChunks(source, { cid: log.tree, size: log.total - log.tail.length }, { leafCode: DAG_CBOR_CODE })) yield cid
  }
  yield* log.tail
}
