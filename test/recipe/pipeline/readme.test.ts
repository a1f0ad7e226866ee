import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parsePipeline, planPipeline } from '../../../src/recipe/pipeline/index.ts'

it('the pipeline of the README can be planned', () => {
  const [, text = ''] = /```yaml\n(# varve\.yaml\n[\s\S]*?)```/.exec(readFileSync('README.md', 'utf8')) ?? []
  const pipeline = parsePipeline(text, { file: 'varve.yaml' })
  const { steps } = planPipeline(pipeline, { params: { values: { clean: { lowest: -5 }, window: 7 } } })
  expect(steps.map(({ name, params }) => [name, params])).toEqual([['clean', { lowest: -5 }], ['features', { window: 7 }], ['by-country@DE', { country: 'DE' }], ['by-country@FR', { country: 'FR' }]])
})
