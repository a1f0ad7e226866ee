import { Worker } from 'node:worker_threads'

/** A thread that looks after the parent four times a second, even while code of the user keeps the main thread busy. */
const WATCH = `
const parent = require('node:worker_threads').workerData
const never = new Int32Array(new SharedArrayBuffer(4))
for (;;) {
  Atomics.wait(never, 0, 0, 250)
  if (process.ppid !== parent) process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL')
}`

/** Ends this process, and the group that it leads, when its parent dies, however that happens. */
export function endWithParent(parent: number): void {
  process.on('disconnect', endGroup)
  const watch = new Worker(WATCH, { eval: true, workerData: parent, resourceLimits: { maxOldGenerationSizeMb: 16 } })
  watch.unref()
  // Without it, the end of the channel is still noticed.
  watch.on('error', () => {})
  // Whoever started this ends it with SIGKILL; signals to the group are for what it has started.
  process.on('SIGTERM', () => {})
  process.on('SIGINT', () => {})
}

function endGroup(): void {
  process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL')
}
