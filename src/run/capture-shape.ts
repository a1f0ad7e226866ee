import { shownValue } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import type { JsonValue } from '../types.ts'

/** Checks a value, which `where` leads to: `git.dirty[3].path`. @throws MalformedDataError */
type Check = (value: JsonValue | undefined, where: string) => void

const text: Check = (value, where) => {
  if (typeof value !== 'string') throw new MalformedDataError(`What a run captured must have text as ${where}, not ${shownValue(value)}`)
}
const flag: Check = (value, where) => {
  if (typeof value !== 'boolean') throw new MalformedDataError(`What a run captured must have true or false as ${where}, not ${shownValue(value)}`)
}

/** Also where there is nothing: an older version may not have written it. */
function orNull(check: Check): Check {
  return (value, where) => {
    if (value !== null && value !== undefined) check(value, where)
  }
}

/** A map that has all of these, and perhaps more, of a later version. */
function row(fields: Readonly<Record<string, Check>>): Check {
  return (value, where) => {
    if (!isMap(value)) throw new MalformedDataError(`What a run captured must have a map as ${where}, not ${shownValue(value)}`)
    for (const [name, check] of Object.entries(fields)) check(own(value, name), `${where}.${name}`)
  }
}

function list(check: Check): Check {
  return (value, where) => {
    if (!Array.isArray(value)) throw new MalformedDataError(`What a run captured must have a list as ${where}, not ${shownValue(value)}`)
    for (const [at, item] of (value as readonly JsonValue[]).entries()) check(item, `${where}[${at}]`)
  }
}

/** Lists and maps that are none count as not written, so that nothing is read of them; what is in those that are must be right. */
function ifList(check: Check): Check {
  return (value, where) => {
    if (Array.isArray(value)) list(check)(value, where)
  }
}

function ifMapOf(check: Check): Check {
  return (value, where) => {
    if (isMap(value)) for (const [name, item] of Object.entries(value)) check(item, `${where}.${name}`)
  }
}

function ifMap(fields: Readonly<Record<string, Check>>): Check {
  return (value, where) => {
    if (isMap(value)) for (const [name, check] of Object.entries(fields)) check(own(value, name), where === '' ? name : `${where}.${name}`)
  }
}

const CAPTURE: Check = ifMap({
  git: ifMap({
    commit: orNull(text), branch: orNull(text), tree: orNull(text), remotes: ifMapOf(text), dirty: ifList(row({ path: text, status: text })), submodules: ifList(row({ path: text, commit: text, isDirty: flag })),
  }),
  packages: ifMap({ lockFile: orNull(row({ path: text, sha256: text })), installed: ifList(row({ name: text, version: text, integrity: orNull(text) })), differences: ifList(text) }),
  leftOut: ifList(text),
  python: ifMap({ command: ifList(text), environment: orNull(text) }),
  runtime: ifMap({ versions: ifMapOf(text), execArgv: ifList(text), libc: orNull(text), gpus: orNull(list(text)) }),
  environment: ifMapOf(text),
  argv: ifList(text),
  ci: ifMap({ run: orNull(text), url: orNull(text) }),
  missing: ifList(text),
  redacted: ifList(text),
})

/** That what stands in the lists and maps of a capture is what whoever reads them will take it for, and what may be null is null or text. @throws MalformedDataError naming the place */
export function assertCaptureShape(value: { readonly [key: string]: JsonValue }): void {
  CAPTURE(value, '')
}

function isMap(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function own(value: { readonly [key: string]: JsonValue }, name: string): JsonValue | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined
}
