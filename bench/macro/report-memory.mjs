import { writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { ownPeakBytes } from './own-peak.mjs'

const file = process.env.BENCH_MEMORY_REPORT
if (isMainThread && file !== undefined) {
  process.on('exit', () => {
    writeFileSync(file, `${ownPeakBytes() / 1024}\n`)
  })
}
