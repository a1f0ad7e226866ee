import { parentPort } from 'node:worker_threads'
import { nodePlatform } from '../node-platform.ts'
import { encode } from './encode-task.ts'
import { readFiles, readSegment } from './read-task.ts'
import { KnownSlabs } from './slab.ts'
import type { ResultMessage, Task, TaskMessage } from './tasks.ts'

/** What a worker thread runs. Bundled to text by build-worker.mjs, so that it runs wherever the library's own code was put. */
const slabs = new KnownSlabs()

parentPort?.on('message', ({ id, task }: TaskMessage) => {
  let message: ResultMessage
  try {
    message = { id, result: perform(task) }
  } catch (error) {
    message = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  // oxlint-disable-next-line require-post-message-target-origin -- that is for windows
  parentPort?.postMessage(message)
})

function perform(task: Task): unknown {
  const cutter = slabs.cutter(task)
  const hasher = nodePlatform.hasher(task.hash)
  switch (task.type) {
    case 'read-files': return readFiles(task, cutter, hasher)
    case 'read-segment': return readSegment(task, cutter, hasher)
    case 'encode': return encode(task, cutter, hasher)
  }
}
