import { type MessagePort, parentPort } from 'node:worker_threads'
import { nodePlatform } from '../node-platform.ts'
import { openSpan } from './open-span-task.ts'
import { encode } from './encode-task.ts'
import { readFiles, readSegment } from './read-task.ts'
import { scanPack } from './scan-task.ts'
import { KnownSlabs } from './slab.ts'
import type { ResultMessage, Task, TaskMessage } from './tasks.ts'
import { ThreadWalk } from './walk-task.ts'

/** What a worker thread runs. Bundled to text by build-worker.mjs, so that it runs wherever the library's own code was put. */
const slabs = new KnownSlabs()
const walk = new ThreadWalk()

const port = parentPort as MessagePort
port.on('message', ({ id, task }: TaskMessage) => {
  perform(task).then(
    (result) => reply({ id, result }),
    (error: unknown) => reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})

function reply(message: ResultMessage): void {
  port.postMessage(message, [])
}

async function perform(task: Task): Promise<unknown> {
  if (task.type === 'walk') return walk.next(task)
  const hasher = nodePlatform.hasher(task.hash)
  switch (task.type) {
    case 'read-files': return readFiles(task, slabs.cutter(task), hasher)
    case 'read-segment': return readSegment(task, slabs.cutter(task), hasher)
    case 'encode': return encode(task, slabs.cutter(task), hasher)
    case 'open-span': return openSpan(task, slabs.cutter(task), hasher)
    case 'scan-pack': return scanPack(task, hasher)
  }
}
