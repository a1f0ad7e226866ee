import { join } from 'node:path'
import { concatBytes, utf8 } from '../../bytes.ts'
import { writeEntries } from '../../dataset/write-entries.ts'
import type { FolderPort } from '../../dataset/interface.ts'
import type { UnitPart } from '../../recipe/map/unit.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { AnyIterable, OperationOptions } from '../../types.ts'
import type { Unit } from '../execution/interface.ts'
import { BATCH_BYTES, BATCH_UNITS, folderInBatch } from './unit-batch.ts'

/**
 * Writes the input of each unit into a folder of its own below `folder`, many at a time, as they are asked for. Who takes a unit removes its folder when it is done with it.
 * @throws what `writeEntries` throws
 */
export async function* stageUnits(repository: BlockRepository, port: FolderPort, folder: string, parts: AnyIterable<UnitPart>, options: Pick<OperationOptions, 'signal'> = {}): AsyncGenerator<Unit, void, undefined> {
  let batch: UnitPart[] = []
  let bytes = 0
  let batches = 0
  async function* staged(): AsyncGenerator<Unit> {
    const place = join(folder, String(batches++))
    await writeEntries(repository, port, place, batch.flatMap(({ entries }, at) => entries.map(({ path, value }) => ({ path: concatBytes([utf8(`${folderInBatch(at)}/`), path]), value }))), options)
    for (const [at, { name, file, shard, entries }] of batch.entries()) yield { name, file, shard, input: join(place, folderInBatch(at)), inputBytes: sizeOf(entries) }
    batch = []
    bytes = 0
  }
  for await (const part of parts) {
    batch.push(part)
    bytes += sizeOf(part.entries)
    if (batch.length >= BATCH_UNITS || bytes >= BATCH_BYTES) yield* staged()
  }
  if (batch.length > 0) yield* staged()
}

function sizeOf(entries: UnitPart['entries']): number {
  let bytes = 0
  for (const { value } of entries) bytes += 'size' in value ? value.size : 0
  return bytes
}
