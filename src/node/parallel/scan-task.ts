import * as fs from 'node:fs'
import { join } from 'node:path'
import type { Hasher } from '../../cid/interface.ts'
import { packKey } from '../../repository/pack-format.ts'
import { headersIn, READ_SIZE_BYTES, readBlocks, readTrailerRows } from '../../repository/pack-reader.ts'
import type { Storage } from '../../storage/interface.ts'
import { scratch } from './scratch.ts'
import type { ScanPackResult, ScanPackTask } from './tasks.ts'

const window = new Uint8Array(READ_SIZE_BYTES)

/** Undefined if the pack cannot be read to its end: whoever asked finds out why. */
export async function scanPack({ location, pack }: Pick<ScanPackTask, 'location' | 'pack'>, hasher: Hasher): Promise<ScanPackResult> {
  try {
    const file = fs.openSync(join(location, packKey(pack.id)), 'r')
    try {
      const rows = await readTrailerRows(packFile(file, () => undefined), hasher, pack)
      const damaged: { index: number; reason: string }[] = []
      let index = 0
      for await (const { damage } of readBlocks(packFile(file, (size) => window.subarray(0, size)), scratch.platform, hasher, pack, headersIn(rows), async () => undefined)) {
        if (damage !== undefined) damaged.push({ index, reason: damage })
        index++
        scratch.release()
      }
      return { headers: rows, damaged }
    } finally {
      fs.closeSync(file)
    }
  } catch {
    return undefined
  }
}

/** Reads into memory that was used before where `reuse` gives some: to touch fresh memory takes longer than to hash what is in it. */
function packFile(file: number, reuse: (size: number) => Uint8Array | undefined): Pick<Storage, 'get'> {
  return {
    async get(_, { range } = {}) {
      const { start = 0, end = 0 } = range ?? {}
      const reused = reuse(end - start)
      const into = reused?.length === end - start ? reused : new Uint8Array(end - start)
      let filled = 0
      for (let count = -1; filled < into.length && count !== 0; filled += count) count = fs.readSync(file, into, filled, into.length - filled, start + filled)
      return into.subarray(0, filled)
    },
  }
}
