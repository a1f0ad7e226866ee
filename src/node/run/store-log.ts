import { createReadStream } from 'node:fs'
import type { CID } from '../../cid/cid.ts'
import { ChunkedContentStore } from '../../dataset/content-store.ts'
import { storeEntries } from '../../dataset/input-entries.ts'
import type { Session } from '../../repository/index.ts'
import type { RunFiles } from './run-folder.ts'

/** Stores what a supervised process has written. @returns a manifest root of `stdout.txt` and `stderr.txt` */
export async function storeLog(session: Session, { stdout, stderr }: Pick<RunFiles, 'stdout' | 'stderr'>, chunker: string): Promise<CID> {
  const entries = [['stderr.txt', stderr], ['stdout.txt', stdout]].map(([path = '', file = '']) => ({ path, content: createReadStream(file) as AsyncIterable<Uint8Array> }))
  return (await storeEntries(session, new ChunkedContentStore(session, session, { encoded: session }), entries, { chunker })).root
}
