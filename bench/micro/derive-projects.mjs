import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { derive, openRepository } from 'varve'

/** Gives what it was given, for one file or for all: what a step costs beside its work. */
const RECIPES = {
  'count.mjs': `export const count = {
  name: 'count', inputs: ['rows'], outputs: ['rows'],
  async run({ inputs, outputs }) {
    let files = 0
    for await (const path of inputs.rows.files()) files++
    await outputs.rows.write('files', String(files))
  },
}
`,
  'upper.mjs': `export const upper = {
  name: 'upper', map: 'file', inputs: ['rows'], outputs: ['rows'],
  async run({ file, outputs }) {
    await outputs.rows.write(file.path, new TextDecoder().decode(await file.read()).toUpperCase())
  },
}
`,
}

/** @typedef {Awaited<ReturnType<typeof openRepository>>} Repository */

/** A folder with the recipes and a repository. @param {string} folder */
export function openProject(folder) {
  mkdirSync(folder, { recursive: true })
  for (const [name, content] of Object.entries(RECIPES)) if (!existsSync(join(folder, name))) writeFileSync(join(folder, name), content)
  return openRepository(join(folder, '.varve'), { create: true })
}

/** @param {Repository} repository @param {number} files @param {(number: number) => boolean} isChanged */
export function publish(repository, files, isChanged = () => false) {
  const entries = Array.from({ length: files }, (_, number) => ({ path: `${String(Math.floor(number / 200)).padStart(4, '0')}/${number}.txt`, content: `${isChanged(number) ? 'changed' : 'row'} ${number}\n` }))
  return repository.snapshot(entries, { ref: `raw-${files}`, message: 'bench' })
}

/** @param {Repository} repository @param {string} folder @param {'count' | 'upper'} recipe @param {number} files */
export function deriveFrom(repository, folder, recipe, files) {
  return derive(repository, join(folder, `${recipe}.mjs`), { inputs: { rows: `raw-${files}` }, ref: `${recipe}-${files}` })
}

/** A chain: each step takes what the one before gives. @param {number} steps @param {number} files */
export function chainText(steps, files) {
  const step = (/** @type {number} */ number) => `  step-${number}:\n    recipe: ./count.mjs\n    inputs: { rows: ${number === 0 ? `raw-${files}` : `step-${number - 1}.rows`} }\n`
  return `steps:\n${Array.from({ length: steps }, (_, number) => step(number)).join('')}`
}

/** Each step takes from two others, and uses a parameter. @param {number} steps */
export function graphText(steps) {
  const inputs = (/** @type {number} */ number) => (number === 0 ? 'a: raw' : `a: step-${(number - 1) >> 1}.rows, b: step-${number - 1}.rows`)
  const step = (/** @type {number} */ number) => `  step-${number}:\n    recipe: ./step-${number % 20}.mjs#step\n    inputs: { ${inputs(number)} }\n    params: { rate: '\${params.rate}', size: ${number} }\n    outputs: [rows]\n`
  return `params: { rate: 0.1 }\nsteps:\n${Array.from({ length: steps }, (_, number) => step(number)).join('')}`
}
