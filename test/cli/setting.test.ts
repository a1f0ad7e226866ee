import { describe, expect, it } from 'vitest'
import { parseSettings } from '../../src/cli/setting.ts'

/** As what is written to a file: own names only. */
const parsed = (...settings: readonly string[]): unknown => JSON.stringify(parseSettings(settings))

describe('parameters given one by one', () => {
  it('are JSON or else text, by name and in groups', () => {
    expect(parsed('a=1', 'b.c=true', 'b.d.e=[1,{"x":2}]', 'f=word', 'g=a=b', 'h={"x":{"y":1}}', 'h.x.z=2')).toBe('{"a":1,"b":{"c":true,"d":{"e":[1,{"x":2}]}},"f":"word","g":"a=b","h":{"x":{"y":1,"z":2}}}')
    expect(parsed('a=1', 'a=[2]', 'a=null', 'b.c=1', 'b.c=2')).toBe('{"a":null,"b":{"c":2}}')
  })

  it('can have a dot in their names', () => {
    expect(parsed('rates.conv1\\.weight=1', 'a\\b=2', 'c\\\\.d=3')).toBe('{"rates":{"conv1.weight":1},"a\\\\b":2,"c\\\\":{"d":3}}')
  })

  it.each([
    [['a=1', 'a.b=2'], 'a.b=2: a has a value already, and cannot hold others'],
    [['a=null', 'a.b=2'], 'a.b=2: a has a value already, and cannot hold others'],
    [['a=[1]', 'a.0=2'], 'a.0=2: a has a value already, and cannot hold others'],
    [['a.b=2', 'a=1'], 'a=1: a holds others already, and cannot be given whole'],
    [['a.b=2', 'a={"c":1}'], 'a={"c":1}: a holds others already, and cannot be given whole'],
    [['a={"c":1}', 'a=1'], 'a=1: a holds others already, and cannot be given whole'],
    [['a=1', 'a={"c":1}'], 'a={"c":1}: a has a value already, and cannot hold others'],
    [['x.a={"b":{}}', 'x.a.b=1'], 'x.a.b=1: b holds others already, and cannot be given whole'],
    [['=1'], '"=1" is not of the form name=value'],
  ] as const)('are refused if they are %j', (settings, message) => {
    expect(() => parseSettings(settings)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error)
  })

  it.each([
    [['a={}', 'a.__proto__.polluted=1'], '{"a":{"__proto__":{"polluted":1}}}'],
    [['__proto__.polluted=1'], '{"__proto__":{"polluted":1}}'],
    [['a.constructor.prototype.polluted=1'], '{"a":{"constructor":{"prototype":{"polluted":1}}}}'],
    [['a={"b":{}}', 'a.b.constructor.prototype.polluted=1'], '{"a":{"b":{"constructor":{"prototype":{"polluted":1}}}}}'],
    [['a={"__proto__":{}}', 'a.__proto__.polluted=1'], '{"a":{"__proto__":{"polluted":1}}}'],
    [['a={}', 'a.toString=1'], '{"a":{"toString":1}}'],
    [['a={}', 'a.__proto__={"polluted":1}'], '{"a":{"__proto__":{"polluted":1}}}'],
  ] as const)('are names of their own even if objects inherit such: %j', (settings, text) => {
    expect(parsed(...settings)).toBe(text)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted')
  })
})
