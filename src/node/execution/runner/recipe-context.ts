import { readdir, readFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { format } from 'node:util'
import { bytesOf, byteTextOfPath, below, byteTextOf, systemPath, type ByteText } from '../../byte-text.ts'
import { errorCode } from '../../system-errors.ts'
import { assertPath, pathFromText, pathToText } from '../../../manifest/path.ts'
import type { RecipeContext, RecipeInput, RecipeOutput } from '../../../recipe/define-recipe.ts'
import { chacha8Random, labelledKey } from '../../../recipe/random.ts'
import type { FunctionWork, UnitPlace, UnitWork } from '../protocol.ts'

interface Reach {
  readonly signal: AbortSignal
  readonly progress: (done: number, total?: number) => void
}

/** What a recipe's function is given for one call. */
export function recipeContext(work: FunctionWork, unit: UnitWork, { signal, progress }: Reach): RecipeContext<unknown> {
  const { seed, name } = work
  const { part } = unit
  const inputs = mapValues(part === null ? work.inputs : { ...work.inputs, [part.input.name]: part.input.folder }, recipeInput)
  return Object.freeze({
    inputs, outputs: mapValues(unit.outputs, recipeOutput), params: work.params, seed, signal, progress,
    rng: (label: string) => chacha8Random(labelledKey(seed, name, label, part?.name)),
    log: (...words: readonly unknown[]) => void process.stdout.write(`${format(...words)}\n`),
    ...(part === null ? {} : partOf(part)),
  })
}

function partOf({ file, shard, input }: UnitPlace): Pick<RecipeContext<unknown>, 'file' | 'shard'> {
  if (file !== null) return { file: Object.freeze({ path: file, read: () => recipeInput(input.folder).read(file) }) }
  return shard === null ? {} : { shard: Object.freeze({ ...shard }) }
}

function mapValues<T>(paths: Readonly<Record<string, string>>, make: (path: string) => T): Readonly<Record<string, T>> {
  return Object.freeze(Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, make(path)])))
}

function recipeInput(path: string): RecipeInput {
  return Object.freeze({
    path,
    files: () => filesBelow(byteTextOfPath(path), '' as ByteText),
    read: async (file: string) => new Uint8Array(await readFile(placeOf(path, file))),
  })
}

function recipeOutput(path: string): RecipeOutput {
  return Object.freeze({
    path,
    async write(file: string, content: string | Uint8Array) {
      const place = placeOf(path, file)
      try {
        await writeFile(place, content)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error
        await mkdir(typeof place === 'string' ? dirname(place) : place.subarray(0, place.lastIndexOf('/')), { recursive: true })
        await writeFile(place, content)
      }
    },
  })
}

/** @throws UnsafePathError for a path that leads out of the folder */
function placeOf(folder: string, file: string): string | Buffer {
  const path = pathFromText(file)
  assertPath(path)
  const place = systemPath(below(byteTextOfPath(folder), byteTextOf(path)))
  return typeof place === 'string' ? join(place) : place
}

/** In the order of manifest keys: names sorted as bytes, what a folder holds in its place. */
async function* filesBelow(top: ByteText, folder: ByteText): AsyncGenerator<string> {
  const entries = await readdir(systemPath(folder === '' ? top : below(top, folder)), { withFileTypes: true, encoding: 'latin1' })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = (folder === '' ? entry.name : below(folder, entry.name)) as ByteText
    if (entry.isDirectory()) yield* filesBelow(top, path)
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
