import { expect, test } from 'vitest'
import { InvalidArgumentError } from '../../../src/errors.ts'
import { namesProxy, proxyOf } from '../../../src/remote/proxy/proxy-of.ts'

const proxyFor = (target: string, variables: Record<string, string>): string | undefined => proxyOf(new URL(target), variables)?.href

test('the protocol of the target chooses the variable, and all else is for ALL_PROXY', () => {
  const both = { HTTP_PROXY: 'http://plain:1', HTTPS_PROXY: 'http://tunnel:2', ALL_PROXY: 'http://rest:3' }
  expect(proxyFor('http://host/', both)).toBe('http://plain:1/')
  expect(proxyFor('https://host/', both)).toBe('http://tunnel:2/')
  expect(proxyFor('https://host/', { HTTP_PROXY: 'http://plain:1' })).toBe(undefined)
  expect(proxyFor('https://host/', { ALL_PROXY: 'http://rest:3', HTTPS_PROXY: '' })).toBe('http://rest:3/')
  expect(proxyFor('https://host/', { https_proxy: 'http://small:4', HTTPS_PROXY: 'http://capital:5' })).toBe('http://small:4/')
})

test('one without a protocol is spoken to by http; credentials are kept', () => {
  expect(proxyFor('https://host/', { HTTPS_PROXY: 'proxy:3128' })).toBe('http://proxy:3128/')
  expect(proxyFor('https://host/', { HTTPS_PROXY: 'https://me:word@proxy' })).toBe('https://me:word@proxy/')
})

test('one of another kind is refused without repeating a password', () => {
  for (const HTTPS_PROXY of ['socks5://me:hunter2@proxy:1080', 'http://', 'me:hunter2@:::']) {
    expect(() => proxyFor('https://host/', { HTTPS_PROXY })).toThrow(InvalidArgumentError)
    expect(() => proxyFor('https://host/', { HTTPS_PROXY })).not.toThrow('hunter2')
  }
})

test('that there is one is seen in any of the variables', () => {
  expect(namesProxy({ NO_PROXY: '*', HTTP_PROXY: '' })).toBe(false)
  for (const name of ['http_proxy', 'HTTPS_PROXY', 'ALL_PROXY']) expect(namesProxy({ [name]: 'http://proxy' })).toBe(true)
})

test.each<[string, string, boolean]>([
  ['*', 'https://host/', true],
  ['host', 'https://host/', true],
  ['host', 'https://other/', false],
  ['HOST', 'https://host/', true],
  ['example.org', 'https://s3.example.org/', true],
  ['.example.org', 'https://s3.example.org/', true],
  ['*.example.org', 'https://s3.example.org/', true],
  ['.example.org', 'https://example.org/', true],
  ['example.org', 'https://notexample.org/', false],
  ['one, two three', 'https://three/', true],
  ['host:9000', 'https://host:9000/', true],
  ['host:9000', 'https://host/', false],
  ['host:443', 'https://host/', true],
  ['host:80', 'http://host/', true],
  ['127.0.0.1', 'http://127.0.0.1:9000/', true],
  ['0.0.1', 'http://127.0.0.1/', false],
  ['10.0.0.0/8', 'http://10.1.2.3/', true],
  ['10.0.0.0/8', 'http://11.1.2.3/', false],
  ['10.0.0.0/99', 'http://10.1.2.3/', false],
  ['::1', 'http://[::1]:9000/', true],
  ['[::1]:9000', 'http://[::1]:9000/', true],
  ['fd00::/8', 'http://[fd12::1]/', true],
  ['', 'https://host/', false],
])('NO_PROXY=%s and %s', (list, target, isExempt) => {
  expect(proxyFor(target, { ALL_PROXY: 'http://proxy', NO_PROXY: list })).toBe(isExempt ? undefined : 'http://proxy/')
})
