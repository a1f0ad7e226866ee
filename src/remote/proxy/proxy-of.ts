import { BlockList, isIP } from 'node:net'
import { InvalidArgumentError } from '../../errors.ts'

/** Variables of a process, as `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>

const NAMES = ['http_proxy', 'https_proxy', 'all_proxy'] as const

/** True if any variable names a proxy. */
export function namesProxy(variables: Variables): boolean {
  return NAMES.some((name) => valueOf(variables, name) !== '')
}

/**
 * The proxy for requests to `target`: `HTTPS_PROXY` or `HTTP_PROXY` by its protocol, else `ALL_PROXY`; undefined if there is none, or `NO_PROXY` has the host. Of names in small and in capital letters
 * the small count. In `NO_PROXY` a name stands for itself and all below it, with or without a dot before it; an address may have a prefix length, any of them a port; `*` is all hosts.
 *
 * @throws InvalidArgumentError for a proxy that is none of http or https; the message does not repeat it, as it may hold a password
 */
export function proxyOf(target: URL, variables: Variables): URL | undefined {
  const [own, all] = [target.protocol === 'https:' ? 'https_proxy' : 'http_proxy', 'all_proxy']
  const name = valueOf(variables, own) === '' ? all : own
  const text = valueOf(variables, name)
  if (text === '' || isExempt(target, valueOf(variables, 'no_proxy'))) return undefined
  // Without a protocol it is that of the proxy itself, whatever goes through it.
  const address = text.includes('://') ? text : `http://${text}`
  const proxy = URL.canParse(address) ? new URL(address) : undefined
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy
  throw new InvalidArgumentError(`${name.toUpperCase()} names no proxy of HTTP`, { data: { variable: name.toUpperCase() }, hint: 'Write http://host:port, or name the host that is to be reached without it in NO_PROXY.' })
}

function valueOf(variables: Variables, name: string): string {
  return (variables[name] || variables[name.toUpperCase()] || '').trim()
}

function isExempt(target: URL, list: string): boolean {
  const host = target.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = target.port === '' ? (target.protocol === 'https:' ? '443' : '80') : target.port
  return list.toLowerCase().split(/[\s,]+/).some((entry) => entry !== '' && covers(entry, host, port))
}

function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  const [, bracketed, plain, only] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? []
  if (only !== undefined && only !== port) return false
  const name = (bracketed ?? plain ?? entry).replace(/^\*?\.+/, '')
  if (isIP(host) !== 0) return name.includes('/') ? isWithin(host, name) : name === host
  return host === name || host.endsWith(`.${name}`)
}

function isWithin(host: string, block: string): boolean {
  const [net = '', length = ''] = block.split('/')
  const kind = isIP(net)
  if (kind === 0 || kind !== isIP(host) || !/^\d{1,3}$/.test(length) || Number(length) > (kind === 4 ? 32 : 128)) return false
  const family = kind === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(net, Number(length), family)
  return list.check(host, family)
}
