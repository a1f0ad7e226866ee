import type { FileCalls } from '../../src/node/file-calls.ts'

/** One call of a process to the system. */
export interface ShownCall {
  readonly name: keyof FileCalls
  /** Counted from 0. */
  readonly index: number
  /** What it is about; for an open file, the path by which it was opened. */
  readonly path: string
  /** The number of the open file, for calls on one. */
  readonly file: number | undefined
}

/** What happens to a call: an error before it has an effect or after, or fewer bytes than asked for. */
export type CallFate = { readonly before: Error } | { readonly after: Error } | { readonly atMost: number } | undefined

/** Calls that are each shown to `decide` before they happen. */
export function shownCalls(calls: FileCalls, decide: (call: ShownCall) => CallFate): FileCalls {
  const paths = new Map<number, string>()
  let index = 0
  const begin = (name: keyof FileCalls, path: string, file?: number): { after: Error | undefined; atMost: number } => {
    const fate = decide({ name, index: index++, path, file })
    if (fate !== undefined && 'before' in fate) throw fate.before
    return { after: fate !== undefined && 'after' in fate ? fate.after : undefined, atMost: fate !== undefined && 'atMost' in fate ? fate.atMost : Infinity }
  }
  const now = <Result>(name: keyof FileCalls, path: string, call: () => Result, file?: number): Result => {
    const { after } = begin(name, path, file)
    const result = call()
    if (after !== undefined) throw after
    return result
  }
  const later = async <Result>(name: keyof FileCalls, path: string, call: (atMost: number) => Promise<Result>, file?: number): Promise<Result> => {
    const { after, atMost } = begin(name, path, file)
    const result = await call(atMost)
    if (after !== undefined) throw after
    return result
  }
  const pathOf = (file: number): string => paths.get(file) ?? ''
  const opened = (path: string, file: number): number => {
    paths.set(file, path)
    return file
  }
  return {
    open: (path) => now('open', path, () => opened(path, calls.open(path))),
    create: (path) => now('create', path, () => opened(path, calls.create(path))),
    openDirect: (path) =>
      now('openDirect', path, () => {
        const file = calls.openDirect(path)
        return file === undefined ? undefined : opened(path, file)
      }),
    close: (file) => now('close', pathOf(file), () => calls.close(file), file),
    write: (file, parts, position) => later('write', pathOf(file), (atMost) => calls.write(file, atMost === Infinity ? parts : [new Uint8Array(Buffer.concat(parts)).subarray(0, atMost)], position), file),
    syncFile: (file) => later('syncFile', pathOf(file), () => calls.syncFile(file), file),
    syncFolder: (path) => later('syncFolder', path, () => calls.syncFolder(path)),
    read: (file, into, position) => later('read', pathOf(file), (atMost) => calls.read(file, into.subarray(0, atMost), position), file),
    readSync: (file, into, position) => {
      const { after, atMost } = begin('readSync', pathOf(file), file)
      const count = calls.readSync(file, into.subarray(0, atMost), position)
      if (after !== undefined) throw after
      return count
    },
    statOpen: (file) => now('statOpen', pathOf(file), () => calls.statOpen(file), file),
    stat: (path) => now('stat', path, () => calls.stat(path)),
    link: (path, name) => now('link', name, () => calls.link(path, name)),
    unlink: (path) => now('unlink', path, () => calls.unlink(path)),
    makeFolder: (path) => now('makeFolder', path, () => calls.makeFolder(path)),
    async *names(path) {
      const { after } = begin('names', path)
      yield* calls.names(path)
      if (after !== undefined) throw after
    },
  }
}
