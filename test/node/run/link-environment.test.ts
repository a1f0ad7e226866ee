import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { linkEnvironment } from '../../../src/node/run/link-environment.ts'
import type { PythonState } from '../../../src/run/capture-interface.ts'

const base = mkdtempSync(join(tmpdir(), 'varve-link-'))
afterAll(() => rmSync(base, { recursive: true, force: true }))
const project = join(base, 'project')
mkdirSync(join(project, 'app/.venv'), { recursive: true })
mkdirSync(join(project, 'sub'))
writeFileSync(join(project, 'app/.venv/pyvenv.cfg'), '')
let count = 0

/** Whether a link was made in a copy, and the copy. */
async function linked(state: Partial<PythonState> | null, from: string = project): Promise<boolean> {
  const top = join(base, `copy-${count++}`)
  mkdirSync(top)
  const python = state === null ? null : { command: ['app/.venv/bin/python'], implementation: 'CPython', version: '3.12.4', executable: 'x', environment: 'app/.venv', isHashed: false, ...state }
  await linkEnvironment(top, { python }, from)
  return existsSync(join(top, 'app/.venv/pyvenv.cfg')) && lstatSync(join(top, 'app/.venv')).isSymbolicLink()
}

it('an environment that a command names by its path is linked, from the project or a folder of it', async () => {
  expect(await linked({})).toBe(true)
  expect(await linked({}, join(project, 'sub'))).toBe(true)
})

it.each<[string, Partial<PythonState> | null]>([
  ['that there is none of', null], ['of no Python that is in one', { environment: null }], ['that uv manages', { command: ['uv', 'run', 'python'] }], ['that is on the search path', { command: ['python3'] }],
  ['that is elsewhere', { environment: join(project, 'app/.venv') }], ['that leads out', { environment: '../project/app/.venv' }], ['that is not there', { environment: 'app/venv' }],
])('an environment %s is not', async (_what, state) => {
  expect(await linked(state)).toBe(false)
})
