import { cpus, totalmem } from 'node:os'

/** Processor, memory, system and runtime, in one line. */
export function describeMachine() {
  const processors = cpus()
  return `${processors[0]?.model.trim() ?? process.arch}, ${processors.length} threads, ${Math.round(totalmem() / 1e9)} GB, ${process.platform}, Node ${process.versions.node}`
}
