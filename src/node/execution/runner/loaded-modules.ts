import { createRequire, register } from 'node:module'
import * as module from 'node:module'
import { fileURLToPath } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'

/** A module that was asked for, and the file that did: undefined for what the process itself began with, or where that is not known. */
export interface LoadedModule {
  readonly file: string
  readonly importer: string | undefined
}

interface Resolved {
  readonly url: string
}

type ResolveHook = (specifier: string, context: { readonly parentURL?: string | undefined }, next: (specifier: string, context: unknown) => Resolved) => Resolved

/** Hooks of Node before 22.15 run in a thread of their own, which is given this text. */
const THREAD_HOOKS = `
let port
export function initialize(data) { port = data.port }
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context)
  if (resolved.url.startsWith('file:')) port.postMessage([resolved.url, context.parentURL])
  return resolved
}`

/** Sees which files this thread loads as modules from now on: by import, and by require through the cache that it fills. */
export class LoadedModules {
  readonly #receive: () => readonly (readonly [url: string, importer: string | undefined])[]
  readonly #cache = createRequire(import.meta.url).cache
  readonly #known = new Set<string>()

  constructor() {
    for (const file of Object.keys(this.#cache)) this.#known.add(file)
    this.#receive = 'registerHooks' in module ? watchHere(module.registerHooks as (hooks: { resolve: ResolveHook }) => void) : watchFromThread()
  }

  /** What was loaded since this was last asked. Files under other names, through links, are under their real ones. */
  take(): LoadedModule[] {
    const taken: LoadedModule[] = []
    for (const [url, importer] of this.#receive()) {
      const file = fileURLToPath(withoutQuery(url))
      if (this.#known.has(file)) continue
      this.#known.add(file)
      taken.push({ file, importer: importer?.startsWith('file:') === true ? fileURLToPath(withoutQuery(importer)) : undefined })
    }
    const cached = Object.entries(this.#cache).filter(([file]) => !this.#known.has(file))
    if (cached.length === 0) return taken
    const importers = new Map(Object.values(this.#cache).flatMap((parent) => (parent?.children ?? []).map((child) => [child.filename, parent?.filename])))
    for (const [file] of cached) {
      this.#known.add(file)
      taken.push({ file, importer: importers.get(file) })
    }
    return taken
  }
}

function watchHere(registerHooks: (hooks: { resolve: ResolveHook }) => void): () => (readonly [string, string | undefined])[] {
  let seen: (readonly [string, string | undefined])[] = []
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      if (resolved.url.startsWith('file:')) seen.push([resolved.url, context.parentURL])
      return resolved
    },
  })
  return () => {
    const taken = seen
    seen = []
    return taken
  }
}

function watchFromThread(): () => (readonly [string, string | undefined])[] {
  const { port1, port2 } = new MessageChannel()
  register(`data:text/javascript,${encodeURIComponent(THREAD_HOOKS)}`, { data: { port: port2 }, transferList: [port2] })
  port1.unref()
  return () => {
    const taken: (readonly [string, string | undefined])[] = []
    for (let got = receiveMessageOnPort(port1); got !== undefined; got = receiveMessageOnPort(port1)) taken.push(got.message as [string, string | undefined])
    return taken
  }
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, '')
}
