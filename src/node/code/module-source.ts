import { readFileSync, statSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { extname } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import type { PackageFile } from './package-files.ts'
import type { ModuleKind } from './parse-module.ts'

/** A file as it is on the disk. */
export interface SourceFile {
  readonly content: Uint8Array
  readonly executable: boolean
}

/** @throws InvalidArgumentError if it cannot be read */
export function readSource(path: string): SourceFile {
  try {
    return { content: readFileSync(path), executable: (statSync(path).mode & 0o111) !== 0 }
  } catch (cause) {
    throw new InvalidArgumentError(`${path} cannot be read: ${(cause as Error).message}`, { cause, data: { file: path } })
  }
}

/** How Node reads a file by its name and its package; undefined for what is not JavaScript or TypeScript. */
export function kindOf(path: string, scope: PackageFile | undefined): ModuleKind | undefined {
  switch (extname(path)) {
    case '.mjs':
    case '.mts':
      return 'module'
    case '.cjs':
    case '.cts':
      return 'commonjs'
    case '.js':
    case '.ts':
    case '': {
      const type = scope?.fields['type']
      return type === 'module' || type === 'commonjs' ? type : 'detect'
    }
    default:
      return undefined
  }
}

/** The JavaScript of a module, each line where it is in the file. @throws InvalidArgumentError for TypeScript that this Node cannot read */
export function javaScriptOf(path: string, { content }: SourceFile): string {
  const text = new TextDecoder().decode(content)
  return /\.[cm]?ts$/.test(path) ? withoutTypes(path, text) : text
}

type StripTypes = (code: string) => string

function withoutTypes(path: string, text: string): string {
  const strip = (nodeModule as { readonly stripTypeScriptTypes?: StripTypes }).stripTypeScriptTypes
  if (strip === undefined) {
    throw new InvalidArgumentError(`${path} is TypeScript, which Node reads from version 22.13 on; this is ${process.versions.node}`, {
      data: { file: path }, hint: 'Run it with Node 22.18 or newer, or import the JavaScript that it compiles to.',
    })
  }
  try {
    return silently(() => strip(text))
  } catch (cause) {
    throw new InvalidArgumentError(`${path} is not TypeScript whose types can be taken away: ${(cause as Error).message}`, {
      cause, data: { file: path }, hint: 'Node runs TypeScript without enums, namespaces with code, parameter properties and other syntax that is not erasable.',
    })
  }
}

/** Node warns that the function is experimental, and a library prints nothing. Nobody else runs meanwhile. */
function silently<T>(work: () => T): T {
  const before = Object.getOwnPropertyDescriptor(process, 'emitWarning') ?? {}
  process.emitWarning = () => undefined
  try {
    return work()
  } finally {
    Object.defineProperty(process, 'emitWarning', before)
  }
}
