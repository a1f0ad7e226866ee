import { realpathSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { codeOfModule } from '../../../src/node/code/code-of-module.ts'
import { MadeFolders } from '../made-folders.ts'
import { pathsIn, textOf } from './made-projects.ts'

const folders = new MadeFolders()
afterAll(() => folders.remove())

const canStrip = 'stripTypeScriptTypes' in nodeModule
const source = `import type { Gone } from './types.ts'\n\nimport { a } from './a.mts'\ninterface X {\n  a: number\n}\nawait import(a as string)\n`
const make = (text: string = source): string => realpathSync(folders.make({ 'prep.ts': text, 'a.mts': `export const a: string = ''`, 'types.ts': 'export type Gone = 1' }))

describe('TypeScript', () => {
  it.skipIf(canStrip)('is refused by a Node that cannot read it, with the Node that can', async () => {
    const path = join(make(), 'prep.ts')
    await expect(codeOfModule(path)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: `${path} is TypeScript, which Node reads from version 22.13 on; this is ${process.versions.node}` })
  })

  it.runIf(canStrip)('is followed without its types, stored with them, and every line is where it was', async () => {
    const warn = vi.spyOn(process, 'emitWarning')
    const code = await codeOfModule(join(make(), 'prep.ts'))
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
    expect(pathsIn(code)).toEqual(['a.mts', 'package.json', 'prep.ts'])
    expect(textOf(code, 'prep.ts')).toBe(source)
    expect(code.open).toEqual(['prep.ts:7: import() of something that is not a literal'])
  })

  it.runIf(canStrip)('that is more than JavaScript with types is an error', async () => {
    await expect(codeOfModule(join(make('enum A { B }'), 'prep.ts'))).rejects.toThrow(/prep\.ts is not TypeScript whose types can be taken away: .*enum/)
  })
})
