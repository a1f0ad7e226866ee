import { Ajv } from 'ajv'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { PolicyError } from '../../../src/errors.ts'
import { checkModel, checkRun } from '../../../src/registry/check/check-run.ts'
import type { CheckPolicy } from '../../../src/registry/check/interface.ts'
import { CHECK_LEVELS } from '../../../src/registry/check/levels.ts'
import { BEFORE_KEYS, parsePolicy, POLICY_KEYS, REQUIRE_KEYS, WAIVE_KEYS } from '../../../src/registry/check/policy.ts'
import { CHECK_ITEMS } from '../../../src/registry/check/rules.ts'
import { approveModel, moveAlias, resolveModel } from '../../../src/registry/models.ts'
import { momentOf } from '../../../src/registry/moment.ts'
import { registerModel } from '../../../src/registry/register-model.ts'
import { CLEAN_GIT, createWith, type MadeUpRun, pretendRun } from '../made-up-runs.ts'

const NOW = new Date('2026-11-25T10:00:00Z')
const read = (text: string): CheckPolicy => parsePolicy(text, { file: 'varve-policy.yaml', now: NOW })
const problemsOf = (text: string): readonly string[] => {
  try {
    read(text)
    return []
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
  }
}

const WHOLE = `
level: reproducible
require:
  - image
  - { item: seed, proven: true }
waive:
  - item: committed
    why: the code is under review
    expires: 2027-01-31
tolerances: { loss: 0.001 }
before:
  approve: basic
  alias: { production: reproducible, 'a.b': audit }
`

describe('a policy', () => {
  it('is read with all that it says', () => {
    expect(read(WHOLE)).toEqual({
      file: 'varve-policy.yaml', level: 'reproducible', required: [{ item: 'image', proven: false }, { item: 'seed', proven: true }], waived: [{ item: 'committed', why: 'the code is under review', expires: '2027-01-31' }],
      tolerances: { loss: 0.001 }, before: { approve: 'basic', alias: new Map([['production', 'reproducible'], ['a.b', 'audit']]) },
    })
    expect(read('')).toEqual({ file: 'varve-policy.yaml', level: null, required: [], waived: [], tolerances: {}, before: { approve: null, alias: new Map() } })
  })

  it.each([
    ['[]', '1:1 A policy is a map with level, require, waive, tolerances, before, not a list'],
    ['levle: basic', '1:1 A policy has no key "levle"; did you mean "level"?'],
    ['level: all', '1:8 "level" of a policy must be basic, reproducible, audit, not "all"'],
    ['require: image', '1:10 "require" of a policy must be a list, not "image"'],
    ['require: [imgae]', '1:11 "imgae" is no item of the checklist; did you mean "image"?'],
    ['require: [3]', `1:11 "3" is no item of the checklist; there are ${CHECK_ITEMS.join(', ')}`],
    ['require:\n  - proven: true', `2:5 An item is missing: one of ${CHECK_ITEMS.join(', ')}`],
    ['require:\n  - { item: seed, proven: yes }', '2:19 "proven" of a required item must be true or false'],
    ['waive: [image]', '1:9 A waiver is a map with item, why, expires, not text'],
    ['waive:\n  - { item: image, expires: 2027-01-01 }', '2:5 A waiver needs "why"'],
    ['waive:\n  - { item: image, why: " ", expires: 2027-01-01 }', '2:20 A waiver needs a "why" that says something'],
    ['waive:\n  - { item: image, why: because }', '2:5 A waiver needs "expires"'],
    ['waive:\n  - { item: image, why: because, expires: 2026-11-24 }', '2:34 This waiver has expired: it held until 2026-11-24'],
    ['waive:\n  - { item: image, why: because, expires: "2026-11-25T09:59:59Z" }', '2:34 This waiver has expired: it held until 2026-11-25T09:59:59Z'],
    ['waive:\n  - { item: image, why: because, expires: 2027-02-30 }', '2:34 "2027-02-30" is not a date; write 2027-01-31, or 2027-01-31T12:00:00Z'],
    ['waive:\n  - { item: image, why: because, expires: never }', '2:34 "never" is not a date; write 2027-01-31, or 2027-01-31T12:00:00Z'],
    ['waive:\n  - { item: image, why: because, expires: 2027 }', '2:43 "expires" of a waiver must be text, not 2027'],
    ['require: [image]\nwaive:\n  - { item: image, why: because, expires: 2027-01-01 }', '3:5 "image" is there before; an item is either required or waived, once'],
    ['require: [image, image]', '1:18 "image" is there before; an item is either required or waived, once'],
    ['tolerances: { loss: -1 }', '1:21 The tolerance of "loss" must be a number that is not negative'],
    ['before: { aprove: basic }', '1:11 "before" has no key "aprove"; did you mean "approve"?'],
    ['before: { alias: { production: high } }', '1:32 "production" of an alias must be basic, reproducible, audit, not "high"'],
    ['level: &a basic', '1:11 Anchors are not understood here: &a'],
    ['level: basic\nlevel: audit', '2:1 "level" is there twice, first in line 1'],
  ])('that says %j is refused, with the place', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })

  it('that has several problems is refused with all of them, as a policy', () => {
    expect(problemsOf('level: all\nwaive:\n  - { item: image }\n')).toHaveLength(3)
    expect(() => read('level: all')).toThrow(expect.objectContaining({ code: 'INVALID_POLICY', message: 'varve-policy.yaml:1:8: "level" of a policy must be basic, reproducible, audit, not "all"' }) as Error)
  })

  it('lets a waiver hold to the end of its day', () => {
    expect(read('waive: [{ item: image, why: because, expires: 2026-11-25 }]').waived).toHaveLength(1)
  })
})

it('a moment is the end of a day, or a time with its zone, and nothing else', () => {
  expect(['2026-03-01', '2026-03-01T12:00Z', '2026-03-01T12:00:00.5+01:00'].map((text) => new Date(momentOf(text) ?? 0).toISOString())).toEqual(['2026-03-01T23:59:59.999Z', '2026-03-01T12:00:00.000Z', '2026-03-01T11:00:00.500Z'])
  for (const text of ['', '2026', '2026-3-1', '2026-02-30', '2026-13-01', '2026-03-01T12:00', '2026-03-01T25:00Z', '2026-02-30T12:00Z', 'tomorrow', '1e9', ' 2026-03-01']) expect(momentOf(text), text).toBe(undefined)
})

describe('the schema for editors', () => {
  interface Schema { readonly properties: Readonly<Record<string, { readonly items?: { readonly properties?: object; readonly oneOf?: readonly { readonly properties?: object }[] }; readonly properties?: object; readonly examples?: readonly unknown[] }>>; readonly definitions: { readonly item: { readonly enum: readonly string[] }; readonly level: { readonly enum: readonly string[] } } }
  const schema = JSON.parse(readFileSync('src/registry/check/varve-policy.schema.json', 'utf8')) as Schema
  const validate = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema)

  it.each([WHOLE, '{}', 'require: []', 'waive: [{ item: image, why: because, expires: "2027-01-01T00:00:00Z" }]', 'before: {}', 'tolerances: {}'])('agrees that this is right: %j', (text) => {
    expect([problemsOf(text), validate(parse(text)), validate.errors]).toEqual([[], true, null])
  })

  it.each(['[]', 'levle: basic', 'level: all', 'require: image', 'require: [imgae]', 'require: [{ proven: true }]', 'require: [{ item: seed, proven: 1 }]', 'waive: [image]', 'waive: [{ item: image, expires: 2027-01-01 }]', 'waive: [{ item: image, why: " ", expires: 2027-01-01 }]',
    'waive: [{ item: image, why: because }]', 'waive: [{ item: image, why: because, expires: soon }]', 'tolerances: { loss: -1 }', 'tolerances: { loss: x }', 'before: { aprove: basic }', 'before: { alias: { production: high } }', 'before: { alias: production }'])('agrees that this is wrong: %j', (text) => {
    expect([problemsOf(text).length > 0, validate(parse(text))]).toEqual([true, false])
  })

  it('knows the same keys, items and levels, and has examples that are right', () => {
    const { require, waive, before } = schema.properties
    expect(Object.keys(schema.properties)).toEqual(POLICY_KEYS)
    expect([require?.items?.oneOf?.[1]?.properties, waive?.items?.properties, before?.properties].map((properties) => Object.keys(properties ?? {}))).toEqual([REQUIRE_KEYS, WAIVE_KEYS, BEFORE_KEYS])
    expect([schema.definitions.item.enum, schema.definitions.level.enum]).toEqual([CHECK_ITEMS, CHECK_LEVELS])
    const examples = Object.entries(schema.properties).flatMap(([key, { examples = [] }]) => examples.map((example) => ({ [key]: example })))
    expect(examples).toHaveLength(4)
    for (const example of examples) expect([validate(example), problemsOf(JSON.stringify(example))]).toEqual([true, []])
  })

  it('lies in the package, under the name that the package gives', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> }
    const target = manifest.exports['./varve-policy.schema.json']
    expect(target).toBe('./dist/varve-policy.schema.json')
    expect(JSON.parse(readFileSync(String(target), 'utf8'))).toEqual(schema)
  })
})

describe('what a policy says', () => {
  const checked = async (made: MadeUpRun, text: string, level?: 'basic') => {
    const repository = await createWith()
    await repository.snapshot([{ path: 'a', content: 'one' }], { ref: 'data', message: 'why', source: { uri: 'u', licence: 'l' } })
    await pretendRun(repository, { inputs: { train: 'data' }, ...made })
    return checkRun(repository, 'train', { policy: read(text), ...(level === undefined ? {} : { level }) })
  }

  it('decides the level unless another is asked for, and adds and waives items', async () => {
    const dirty = { capture: { git: { ...CLEAN_GIT, dirty: [{ path: 'x', status: '??' }] } } }
    const waive = 'waive: [{ item: evaluation, why: not yet, expires: 2027-01-01 }'
    expect(await checked({}, `${waive}]`)).toMatchObject({ level: 'basic', reached: true, policy: 'varve-policy.yaml' })
    expect(await checked({}, 'level: basic')).toMatchObject({ reached: false })
    expect(await checked({}, `level: audit\n${waive}]`)).toMatchObject({ level: 'audit', reached: false })
    expect((await checked({}, `level: audit\n${waive}]`, 'basic')).items).toHaveLength(6)
    const required = await checked(dirty, `require: [committed]\n${waive}]`)
    expect([required.items.length, required.reached]).toEqual([7, false])
    const waived = await checked(dirty, `require: [image]\n${waive}, { item: committed, why: under review, expires: 2027-01-01 }]`)
    expect(waived.items.find(({ id }) => id === 'evaluation')).toMatchObject({ status: 'missing', passes: true, waiver: { why: 'not yet', expires: '2027-01-01' } })
    expect(waived.reached).toBe(true)
  })

  it('can ask for proof where to say so would be enough', async () => {
    const waive = 'waive: [{ item: evaluation, why: not yet, expires: 2027-01-01 }]'
    expect(await checked({}, `require: [seed]\n${waive}`)).toMatchObject({ reached: true })
    const report = await checked({}, `require: [{ item: seed, proven: true }]\n${waive}`)
    expect(report.items.at(-1)).toMatchObject({ id: 'seed', status: 'declared', mustBeProven: true, passes: false })
    expect(report.reached).toBe(false)
  })
})

describe('before an approval or an alias', () => {
  const POLICY = 'before: { approve: basic, alias: { production: reproducible } }'

  async function registered(made: MadeUpRun = {}) {
    const repository = await createWith()
    for (const [ref, content] of [['train', 'one'], ['test', 'two']] as const) await repository.snapshot([{ path: 'a', content }], { ref, message: 'why', source: { uri: 'u', licence: 'l' } })
    for (const seed of ['1', '2', '3']) await pretendRun(repository, { inputs: { train: 'train', test: 'test' }, seed, ...made })
    await registerModel(repository, 'digits', { run: 'train', by: 'Ada' })
    return repository
  }

  it('what the policy asks for must be reached, and nothing is committed if it is not', async () => {
    const repository = await registered({ capture: { container: null } })
    const policy = read(POLICY)
    await expect(moveAlias(repository, 'digits', 'production', 1, { policy })).rejects.toMatchObject({
      code: 'CHECK_FAILED', message: 'digits@1 cannot be digits@production: varve-policy.yaml asks for the level reproducible, and image is missing', data: { level: 'reproducible', items: [{ id: 'image' }] },
    })
    expect((await resolveModel(repository, 'digits')).aliases).toEqual([])
    // Other aliases, taking one away, and approvals have rules of their own, or none.
    expect(await moveAlias(repository, 'digits', 'staging', 1, { policy })).toMatchObject({ after: 1 })
    expect(await moveAlias(repository, 'digits', 'staging', null, { policy })).toMatchObject({ before: 1, after: null })
    for (const [model, alias] of [['digits', 'staging'], ['digits', 'production'], ['nope', 'production']] as const) await expect(moveAlias(repository, model, alias, null)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await approveModel(repository, 'digits', { by: 'Grace', policy })).toMatchObject({ approvals: [{ by: 'Grace' }] })
    expect(await moveAlias(repository, 'digits', 'production', 1, { policy: read(`${POLICY}\nwaive: [{ item: image, why: no containers here, expires: 2027-01-01 }]`) })).toMatchObject({ after: 1 })
  })

  it('whoever approves counts as having approved, so that the level that asks for it can be reached', async () => {
    const repository = await registered()
    const policy = read('before: { approve: audit }\nwaive: [{ item: remotes, why: w, expires: 2027-01-01 }, { item: signed, why: w, expires: 2027-01-01 }, { item: rerun, why: w, expires: 2027-01-01 }]')
    await expect(approveModel(repository, 'digits', { by: 'ada', policy })).rejects.toMatchObject({ code: 'CHECK_FAILED', data: { items: [{ id: 'approver' }] } })
    expect((await resolveModel(repository, 'digits')).approvals).toEqual([])
    await approveModel(repository, 'digits', { by: 'Grace', policy })
    expect(await checkModel(repository, 'digits', { level: 'audit', policy })).toMatchObject({ reached: true })
  })
})
