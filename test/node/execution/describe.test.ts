import { spawn } from 'node:child_process'
import { mkdir, readdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe as suite, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../../src/errors.ts'
import { describe } from '../../../src/node/execution/describe.ts'
import { hostId } from '../../../src/node/maker.ts'
import { Workshop, writeFiles } from './made-jobs.ts'

const workshop = new Workshop()
const SCHEMA = `const params = { '~standard': { version: 1, vendor: 'test', validate(value) {
  const { rows = 10, name, ...others } = value
  const issues = []
  if (typeof rows !== 'number') issues.push({ message: 'must be a number', path: ['rows'] })
  if (typeof name !== 'string') issues.push({ message: 'is missing', path: [{ key: 'name' }] })
  for (const key of Object.keys(others)) issues.push({ message: 'is not known', path: [key] })
  return issues.length > 0 ? { issues } : { value: { rows, name, absent: undefined } }
} } }\n`

async function described(fields: string, params = {}, exportName = 'recipe', module = 'recipe.mjs') {
  await writeFiles(workshop.parent, { 'recipe.mjs': `${SCHEMA}export const other = 1, recipe = { name: 'test', inputs: ['raw'], outputs: ['out'], run() {}, ${fields} }`, 'empty.mjs': '' })
  return describe(workshop.parent, module, exportName, params)
}

suite('the description of a recipe', () => {
  it('has its fields as plain data, and its parameters with defaults', async () => {
    expect(await described(`params, version: '2', map: 'file', deterministic: { tolerance: 0.1 }, environment: 'none', files: ['*.txt']`, { name: 'x' })).toEqual({
      definition: { name: 'test', version: '2', takesParams: true, inputs: ['raw'], outputs: ['out'], deterministic: { tolerance: 0.1 }, environment: 'none', map: 'file', files: ['*.txt'] },
      effectiveParams: { rows: 10, name: 'x' },
    })
    expect(await described('')).toEqual({
      definition: { name: 'test', version: null, takesParams: false, inputs: ['raw'], outputs: ['out'], deterministic: 'bitwise', environment: 'locked', map: null, files: [] },
      effectiveParams: {},
    })
  })

  it('says every issue that the schema has', async () => {
    const refused = described('params', { rows: 'ten', colour: 1 })
    await expect(refused).rejects.toBeInstanceOf(InvalidArgumentError)
    await expect(refused).rejects.toMatchObject({
      message: 'The parameters of recipe.mjs#recipe are not valid: rows: must be a number; name: is missing; colour: is not known',
      data: { issues: ['rows: must be a number', 'name: is missing', 'colour: is not known'] },
    })
  })

  it.each([
    ['', { rows: 1 }, 'takes no parameters, and "rows" was given'],
    [`params: { '~standard': { version: 1, vendor: 'test', validate: () => ({ value: { at: new Date(0) } }) } }`, {}, 'turns the parameters into something that JSON cannot hold'],
    [`params: { '~standard': { version: 1, vendor: 'test', validate: () => { throw new Error('broken schema') } } }`, {}, 'The schema of the recipe failed: broken schema'],
    [`params: { '~standard': { version: 1, vendor: 'test', validate: ({ rows = 10 }) => ({ value: { rows } }) } }`, { row: 5 }, 'recipe.mjs#recipe takes no notice of the parameter "row"; did you mean "rows"?'],
    ['map: "shard"', {}, 'recipe.mjs#recipe is not a recipe: its map must be'],
  ])('refuses %s', async (fields, params, message) => {
    await expect(described(fields, params)).rejects.toThrow(message)
  })

  it('names the exports that there are', async () => {
    await expect(described('', {}, 'recipes')).rejects.toMatchObject({ message: 'recipe.mjs has no export "recipes"', hint: 'It exports other, recipe.', data: { exports: ['other', 'recipe'] } })
    await expect(described('', {}, 'recipes', 'empty.mjs')).rejects.toMatchObject({ hint: 'It exports nothing; put export before the recipe.' })
    await expect(described('', {}, 'other')).rejects.toThrow('recipe.mjs#other is not a recipe: it is a number')
  })

  it('says why a module cannot be loaded, and leaves nothing behind', async () => {
    await writeFiles(workshop.parent, { 'wrong.mjs': 'export const = 1', 'exits.mjs': `console.log('bye'); process.exit(4)`, 'hangs.mjs': 'for (;;) {}', 'asks.mjs': 'import "not-installed"' })
    const load = (module: string, timeMs = 10_000) => describe(workshop.parent, module, 'recipe', {}, { timeMs })
    const before = await readdir(tmpdir())
    await expect(load('wrong.mjs')).rejects.toThrow(/^wrong\.mjs cannot be loaded: .*Unexpected token|Missing initializer/)
    await expect(load('absent.mjs')).rejects.toThrow(/^absent\.mjs cannot be loaded: Cannot find module/)
    await expect(load('exits.mjs')).rejects.toMatchObject({ message: 'exits.mjs cannot be loaded: its process ended before it had been loaded', data: { output: 'bye\n' } })
    await expect(load('hangs.mjs', 300)).rejects.toThrow('hangs.mjs cannot be loaded: it took longer than the time limit of 0.3 s')
    await expect(load('asks.mjs')).rejects.toMatchObject({ hint: expect.stringContaining('Only files that belong to the recipe’s code are there') as string })
    await expect(load('../recipe.mjs')).rejects.toThrow('no path within the folder of the code')
    const host = /^[0-9a-f]{12}-/
    expect((await readdir(tmpdir())).filter((name) => host.test(name) && !before.includes(name) && name.includes(`-${process.pid}-`))).toEqual([])
  })

  it('is made in a folder in which what killed processes left is swept first', async () => {
    const scratchFolder = join(workshop.parent, 'scratch')
    const gone = spawn('true')
    await new Promise((resolve) => gone.once('exit', resolve))
    const [left, stays] = [`${hostId()}-${gone.pid}-0123456789abcdef`, `0123456789ab-${gone.pid}-0123456789abcdef`]
    for (const name of [left, stays]) await mkdir(join(scratchFolder, name), { recursive: true })
    await writeFiles(workshop.parent, { 'home.mjs': 'throw new Error(`at home in ${process.env.HOME}`)' })
    const told = await describe(workshop.parent, 'home.mjs', 'recipe', {}, { scratchFolder }).catch(String)
    expect(told).toContain(`at home in ${await realpath(scratchFolder)}/${hostId()}-${process.pid}-`)
    expect(await readdir(scratchFolder)).toEqual([stays])
  })
})
