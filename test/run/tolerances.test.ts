import { expect, it } from 'vitest'
import { assertTolerances, tolerancesFor } from '../../src/run/tolerances.ts'

it('a tolerance is for a metric that there is, and a number from 0; a near name is told', () => {
  expect(() => assertTolerances('the run train#1', ['loss', 'accuracy'], { loss: 0, accuracy: 0.5 })).not.toThrow()
  expect(() => assertTolerances('the run train#1', ['loss', 'accuracy'], { acuracy: 1 })).toThrow('There is no metric "acuracy" of the run train#1; did you mean "accuracy"?')
  expect(() => assertTolerances('the run train#1', ['loss', 'accuracy'], { nope: 1 })).toThrow('There is no metric "nope" of the run train#1; there are: loss, accuracy')
  expect(() => assertTolerances('the run train#1', [], { loss: 1 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', hint: expect.stringContaining('None was logged') as string }) as Error)
  for (const wrong of [-1, Number.NaN]) expect(() => assertTolerances('the run train#1', ['loss'], { loss: wrong })).toThrow('is no tolerance for loss')
})

it('of tolerances for many runs, a run has those for its metrics', () => {
  expect(tolerancesFor({ final: { loss: 1 } }, { loss: 0.1, accuracy: 0.2, toString: 1 })).toEqual({ loss: 0.1 })
})
