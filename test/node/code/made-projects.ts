import { createHash } from 'node:crypto'
import { cidText } from '../../../src/cid/cid.ts'
import type { FoundCode } from '../../../src/node/code/interface.ts'
import { storeCode } from '../../../src/node/code/store-code.ts'
import type { LockedPackage } from '../../../src/recipe/interface.ts'
import { create } from '../../dataset/in-memory.ts'

export const json = (value: unknown): string => JSON.stringify(value, undefined, 2)

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A lock file of npm with these packages, by where they are. */
export function lockFile(packages: Readonly<Record<string, object>>): string {
  return json({ name: 'made', lockfileVersion: 3, requires: true, packages: { '': { name: 'made' }, ...packages } })
}

/** The files of an installed package whose main module exports its name. */
export function installed(at: string, fields: { readonly version: string; readonly [key: string]: unknown }): Record<string, string> {
  const name = at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length)
  return { [`${at}/package.json`]: json({ name, main: 'main.js', ...fields }), [`${at}/main.js`]: `module.exports = ${JSON.stringify(name)}\n` }
}

/** Paths of the files. */
export const pathsIn = (code: FoundCode): string[] => code.files.map(({ path }) => path)

export const textOf = (code: FoundCode, path: string): string => new TextDecoder().decode(code.files.find((file) => file.path === path)?.content)

export const shown = ({ packages }: Pick<FoundCode, 'packages'>): string[] => packages.map(({ name, version, integrity }: LockedPackage) => `${name}@${version} ${integrity}`)

/** All that is part of a recipe's identity, as text. */
export async function identityOf(code: FoundCode): Promise<string> {
  const { blocks } = await create()
  return blocks.withSession(async (session) => {
    const { files, packages, open } = await storeCode(blocks, session, code)
    return json({ files: cidText(files), entry: code.entry, packages, open })
  })
}
