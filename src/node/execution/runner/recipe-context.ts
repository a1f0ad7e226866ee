import type { Dirent } from 'node:fs'
import { readdir, readFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { format } from 'node:util'
import { bytesOf, byteTextOfPath, below, byteTextOf, systemPath, type ByteText } from '../../byte-text.ts'
import { errorCode } from '../../system-errors.ts'
import { assertPath, pathFromText, pathToText } from '../../../manifest/path.ts'
import type { RecipeContext, RecipeInput, RecipeOutput } from '../../../recipe/define-recipe.ts'
import { chacha8Random, labelledKey } from '../../../recipe/random.ts'
import type { FunctionWork, UnitPlace, UnitWork } from '../protocol.ts'
import type { OpenWork } from './open-work.ts'

interface Reach {
  readonly open: OpenWork
  readonly signal: AbortSignal
  readonly progress: (done: number, total?: number) => void
}

/** What a recipe's function is given for one call. */
export function recipeContext(work: FunctionWork, unit: UnitWork, { open, signal, progress }: Reach): RecipeContext<unknown> {
  const { seed, name } = work
  const { part } = unit
  const inputs = named('input', part === null ? work.inputs : { ...work.inputs, [part.input.name]: part.input.folder }, (name, path) => recipeInput(name, path, open))
  return Object.freeze({
    inputs, outputs: named('output', unit.outputs, (_name, path) => recipeOutput(path, open)), params: work.params, seed, signal, progress,
    rng: (label: string) => chacha8Random(labelledKey(seed, name, label, part?.name)),
    log: (...words: readonly unknown[]) => void process.stdout.write(`${format(...words)}\n`),
    ...(part === null ? {} : partOf(part, open)),
  })
}

function partOf({ file, shard, input }: UnitPlace, open: OpenWork): Pick<RecipeContext<unknown>, 'file' | 'shard'> {
  if (file !== null) return { file: Object.freeze({ path: file, read: () => recipeInput(input.name, input.folder, open).read(file) }) }
  return shard === null ? {} : { shard: Object.freeze({ ...shard }) }
}

/** What a function that takes itself for one of the other kind of map recipe should be told; it is free to ask for both. */
export function explainPart(error: unknown, part: UnitPlace | null): unknown {
  if (part === null || !(error instanceof TypeError)) return error
  const asked = part.file === null ? /undefined \(reading '(path|read)'\)$/ : /undefined \(reading '(index|of)'\)$/
  if (asked.test(error.message)) error.message += part.file === null ? `: a recipe that is called for shards has no file; inputs.${part.input.name} has the files of the shard` : ': a recipe that is called for files has no shard'
  return error
}

/** Asked for a name that there is none of, it says which there are. */
function named<T>(what: 'input' | 'output', paths: Readonly<Record<string, string>>, make: (name: string, path: string) => T): Readonly<Record<string, T>> {
  const values = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, make(name, path)]))
  return new Proxy(Object.freeze(values), {
    get(target, key) {
      // The last two are what the language itself may ask of anything.
      if (typeof key === 'symbol' || key in target || key === 'then' || key === 'toJSON') return Reflect.get(target, key) as T
      const names = Object.keys(target)
      throw new TypeError(`there is no ${what} ${key}; it has ${names.length === 0 ? 'none' : names.join(', ')}`)
    },
  })
}

function recipeInput(name: string, path: string, open: OpenWork): RecipeInput {
  const list = (folder: string | Buffer) => open.do('read', `the list of ${name}`, () => readdir(folder, { withFileTypes: true, encoding: 'latin1' }))
  return Object.freeze({
    path,
    files: () => filesBelow(list, byteTextOfPath(path), '' as ByteText),
    read: (file: string) => open.do('read', file, async () => new Uint8Array(await readFile(placeOf(path, file)))),
  })
}

/** Names of files that are being written, in this process: the file has its own name when it is whole. */
let partial = 0

function recipeOutput(path: string, open: OpenWork): RecipeOutput {
  return Object.freeze({
    path,
    write: (file: string, content: string | Uint8Array) => open.do('write', file, async () => {
      const place = placeOf(path, file)
      const temporary = beside(place, `.varve-partial-${process.pid}-${partial++}`)
      try {
        await writeWithFolders(temporary, content)
        await rename(temporary, place)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    }),
  })
}

async function writeWithFolders(place: string | Buffer, content: string | Uint8Array): Promise<void> {
  try {
    await writeFile(place, content)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    await mkdir(beside(place, ''), { recursive: true })
    await writeFile(place, content)
  }
}

/** Another name in the folder of a place. */
function beside(place: string | Buffer, name: string): string | Buffer {
  return typeof place === 'string' ? join(dirname(place), name) : Buffer.concat([place.subarray(0, place.lastIndexOf('/') + 1), Buffer.from(name)])
}

/** @throws UnsafePathError for a path that leads out of the folder */
function placeOf(folder: string, file: string): string | Buffer {
  const path = pathFromText(file)
  assertPath(path)
  const place = systemPath(below(byteTextOfPath(folder), byteTextOf(path)))
  return typeof place === 'string' ? join(place) : place
}

/** In the order of manifest keys: names sorted as bytes, what a folder holds in its place. */
async function* filesBelow(list: (folder: string | Buffer) => Promise<Dirent[]>, top: ByteText, folder: ByteText): AsyncGenerator<string> {
  const entries = await list(systemPath(folder === '' ? top : below(top, folder)))
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = (folder === '' ? entry.name : below(folder, entry.name)) as ByteText
    if (entry.isDirectory()) yield* filesBelow(list, top, path)
    else if (entry.isFile()) yield pathToText(bytesOf(path))
  }
}

/** Params and all that is in them, unchangeable. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze)
    Object.freeze(value)
  }
  return value
}
