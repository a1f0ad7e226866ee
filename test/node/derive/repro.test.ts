import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { stepLines } from '../../../src/cli/step-lines.ts'
import { Output } from '../../../src/cli/output.ts'
import { repro, type ReproResult } from '../../../src/node/derive/repro.ts'
import { capitals, Project } from './project.ts'

const statuses = ({ steps }: ReproResult): Record<string, string> => Object.fromEntries(steps.map(({ step, status }) => [step, status]))

describe('a step that was changed', () => {
  it('and gives the same as before ends there: what is behind it is not run again', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    for (const name of ['one', 'two', 'three']) project.write(`${name}.mjs`, capitals({ name }))
    const file = project.write('varve.yaml', 'steps:\n  one: { recipe: ./one.mjs, inputs: { raw: raw } }\n  two: { recipe: ./two.mjs, inputs: { raw: one.out } }\n  three: { recipe: ./three.mjs, inputs: { raw: two.out } }\n')
    expect(statuses(await repro(repository, { file }))).toEqual({ one: 'ran', two: 'ran', three: 'ran' })
    project.write('one.mjs', capitals({ name: 'one', head: '// said in other words' }))
    expect(statuses(await repro(repository, { file, dryRun: true }))).toEqual({ one: 'stale', two: 'waiting', three: 'waiting' })
    const after = await repro(repository, { file })
    expect(after.steps).toMatchObject([
      { step: 'one', status: 'ran', changes: [{ what: 'code', name: 'one.mjs' }], unchanged: ['out'] }, { step: 'two', status: 'remembered', changes: [] }, { step: 'three', status: 'remembered', changes: [] },
    ])
    const [one] = after.steps
    const output = new Output({ json: false, quiet: false, color: false })
    expect(one === undefined ? [] : [...stepLines(output, one)]).toContain('  it gave the same as before, so that nothing behind it changes')
    expect(statuses(await repro(repository, { file: join(project.folder, 'varve.yaml'), dryRun: true }))).toEqual({ one: 'remembered', two: 'remembered', three: 'remembered' })
    // What gives something else does not end there.
    project.write('one.mjs', capitals({ name: 'one', extra: 'await outputs.out.write(\'more\', \'more\')' }))
    expect((await repro(repository, { file })).steps).toMatchObject([{ status: 'ran', unchanged: [] }, { status: 'ran', changes: [{ what: 'input', name: 'raw' }] }, { status: 'ran' }])
  }, 60_000)
})
