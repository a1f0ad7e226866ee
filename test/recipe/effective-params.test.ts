import { describe, expect, it } from 'vitest'
import { effectiveParams, type Params } from '../../src/recipe/effective-params.ts'
import type { StandardSchemaV1 } from '../../src/recipe/standard-schema.ts'
import type { JsonValue } from '../../src/types.ts'

type Shape = { readonly [key: string]: Shape | JsonValue | undefined | readonly [Shape] }

/** As schema libraries do it: keys of the shape alone are kept, defaults filled in; values must be of the default's type, or anything where that is undefined. */
function stripped(shape: Shape, given: unknown, issues: { message: string }[]): unknown {
  if (typeof given !== 'object' || given === null) return issues.push({ message: 'must be an object' })
  const entries = Object.entries(shape).flatMap(([key, type]): [string, unknown][] => {
    const value = (given as { [key: string]: unknown })[key]
    if (Array.isArray(type)) return [[key, (value as unknown[] | undefined ?? []).map((item) => stripped(type[0] as Shape, item, issues))]]
    if (typeof type === 'object' && type !== null) return [[key, stripped(type as Shape, value ?? {}, issues)]]
    if (value !== undefined && type !== undefined && typeof value !== typeof type) issues.push({ message: `${key} must be a ${typeof type}` })
    return (value ?? type) === undefined ? [] : [[key, value ?? type]]
  })
  return Object.fromEntries(entries)
}

function schema(shape: Shape, change: (value: Record<string, unknown>) => unknown = (value) => value): StandardSchemaV1 {
  const validate = (given: unknown) => {
    const issues: { message: string }[] = []
    const value = stripped(shape, given, issues) as Record<string, unknown>
    return issues.length > 0 ? { issues } : { value: change(value) }
  }
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

const ask = (of: StandardSchemaV1, params: Params): Promise<Params> => effectiveParams(of, params, 'prep')

describe('a parameter that was given', () => {
  it('and that the schema drops is an error, which names it and the one that was meant', async () => {
    await expect(ask(schema({ rate: 0.1, depth: 3 }), { rtae: 0.5, depth: 4 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT', message: 'prep takes no notice of the parameter "rtae"; did you mean "rate"?', data: { ignored: ['rtae'] }, hint: expect.stringContaining('Correct the name') as string,
    })
    await expect(ask(schema({ rate: 0.1 }), { rate: 0.5, colour: 'red', shape: 'round' })).rejects.toThrow('takes no notice of the parameter "colour", nor of the parameter "shape"')
    // Also with the very value that the default has, and where what was meant has no default.
    await expect(ask(schema({ rate: 0.1 }), { rtae: 0.1 })).rejects.toThrow('"rtae"; did you mean "rate"?')
    await expect(ask(schema({ rate: undefined }), { rtae: 0.1 })).rejects.toThrow('takes no notice of the parameter "rtae"')
  })

  it('is found within objects and lists', async () => {
    const nested = schema({ train: { rate: 0.1, schedule: { warmup: 1 } }, files: [{ name: 'a', weight: 1 }] })
    await expect(ask(nested, { train: { schedule: { warmpu: 5 } } })).rejects.toThrow('"train.schedule.warmpu"; did you mean "warmup"?')
    await expect(ask(nested, { files: [{ name: 'a' }, { name: 'b', wieght: 2 }] })).rejects.toThrow('"files.1.wieght"; did you mean "weight"?')
    expect(await ask(nested, { train: { schedule: { warmup: 5 } }, files: [{ name: 'b', weight: 2 }] })).toEqual({ train: { rate: 0.1, schedule: { warmup: 5 } }, files: [{ name: 'b', weight: 2 }] })
  })

  it('is none if the schema renames it, counts it into something, or only checks it', async () => {
    const renamed = schema({ lr: 0.1, depth: 3 }, ({ lr, depth }) => ({ learningRate: lr, depth }))
    expect(await ask(renamed, { lr: 0.5 })).toEqual({ learningRate: 0.5, depth: 3 })
    expect(await ask(renamed, { lr: 0.1, depth: 3 })).toEqual({ learningRate: 0.1, depth: 3 })
    await expect(ask(renamed, { rl: 0.5 })).rejects.toThrow('"rl"')
    expect(await ask(schema({ low: 0, high: 1 }, ({ low, high }) => ({ range: [low, high] as JsonValue })), { low: 0, high: 2 })).toEqual({ range: [0, 2] })
    // Taken and dropped on purpose: the schema says what it must be.
    expect(await ask(schema({ old: '', rate: 0.1 }, ({ rate }) => ({ rate })), { old: 'x', rate: 0.2 })).toEqual({ rate: 0.2 })
    expect(await ask(schema({ file: { path: '', hash: '' } }, ({ file }) => ({ file: (file as { path: string }).path })), { file: { path: 'a', hash: 'b' } })).toEqual({ file: 'a' })
  })

  it('may stand for nothing, if the schema keeps it as undefined', async () => {
    expect(await ask(schema({ a: 1, b: 2 }, (value) => ({ ...value, b: undefined })), { b: 5 })).toEqual({ a: 1 })
  })

  it('is none of a schema that looks at it and throws', async () => {
    const throws = schema({ seen: undefined }, ({ seen }) => ({ length: (seen as string | undefined ?? 'abc').slice(0, 3).length }))
    expect(await ask(throws, { seen: 'xyz' })).toEqual({ length: 3 })
  })
})
