import { nodeFileCalls, type FileCalls } from '../../src/node/file-calls.ts'

/** An error as the system makes it. */
export function systemFailure(code: string, path?: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made up for a test`), { code, ...(path === undefined ? {} : { path }) })
}

/** One call to the system; `index` counts from 0. */
export interface Call {
  readonly name: keyof FileCalls
  readonly index: number
  readonly args: readonly unknown[]
}

/** When a call fails: before it has an effect or after. */
export type Failure = { readonly before: Error } | { readonly after: Error } | undefined

/** The system's calls, each shown to `watch`, which may make it fail. */
export function watchedCalls(watch: (call: Call) => Failure): FileCalls {
  let index = 0
  const begin = (name: keyof FileCalls, args: readonly unknown[]): Error | undefined => {
    const failure = watch({ name, index: index++, args })
    if (failure !== undefined && 'before' in failure) throw failure.before
    return failure?.after
  }
  const now =
    <Args extends readonly unknown[], Result>(name: keyof FileCalls, call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      const after = begin(name, args)
      const result = call(...args)
      if (after !== undefined) throw after
      return result
    }
  const later =
    <Args extends readonly unknown[], Result>(name: keyof FileCalls, call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const after = begin(name, args)
      const result = await call(...args)
      if (after !== undefined) throw after
      return result
    }
  return {
    open: now('open', nodeFileCalls.open),
    create: now('create', nodeFileCalls.create),
    openDirect: now('openDirect', nodeFileCalls.openDirect),
    close: now('close', nodeFileCalls.close),
    write: later('write', nodeFileCalls.write),
    syncFile: later('syncFile', nodeFileCalls.syncFile),
    syncFolder: later('syncFolder', nodeFileCalls.syncFolder),
    read: later('read', nodeFileCalls.read),
    readSync: now('readSync', nodeFileCalls.readSync),
    statOpen: now('statOpen', nodeFileCalls.statOpen),
    stat: now('stat', nodeFileCalls.stat),
    link: now('link', nodeFileCalls.link),
    unlink: now('unlink', nodeFileCalls.unlink),
    makeFolder: now('makeFolder', nodeFileCalls.makeFolder),
    async *names(path) {
      const after = begin('names', [path])
      yield* nodeFileCalls.names(path)
      if (after !== undefined) throw after
    },
  }
}
