import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { codeOfModule } from '../../../src/node/code/code-of-module.ts'
import { describeModule } from '../../../src/node/derive/describe-module.ts'
import { OWN_PACKAGE } from '../../../src/node/derive/own-package.ts'
import { capitals, Project } from './project.ts'

it('a module is loaded from a copy that is made where the next run sweeps, and that is gone afterwards', async () => {
  await using project = new Project()
  const scratchFolder = join(project.folder, 'cache/scratch')
  const place = project.write('told.mjs', `throw new Error('copy ' + import.meta.dirname + ' and home ' + process.env.HOME + ' end')`)
  const load = async (path: string) => describeModule(await codeOfModule(path, { provided: OWN_PACKAGE }), { exportName: 'told', params: {}, scratchFolder })
  const message: unknown = await load(place).catch((error: unknown) => error)
  const [, copy = '', home = ''] = /copy (.*?) and home (.*?) end/.exec(message instanceof Error ? message.message : '') ?? []
  for (const path of [copy, home]) {
    const scratch = dirname(path)
    expect(dirname(scratch)).toBe(realpathSync(scratchFolder))
    expect(existsSync(scratch)).toBe(false)
  }
  expect(readdirSync(scratchFolder)).toEqual([])
  expect((await load(project.write('capitals.mjs', capitals({ name: 'told' })))).definition).toMatchObject({ name: 'told', inputs: ['raw'] })
  expect(readdirSync(scratchFolder)).toEqual([])
})
