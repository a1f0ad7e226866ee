import type { Agents } from '../requests/interface.ts'
import { namesProxy } from './proxy-of.ts'

let shared: Agents | undefined

/** Connections by the proxies that the environment of this process names, as other programs find them; undefined if it names none. The same for all who ask; idle ones keep no process alive. */
export async function ownProxies(): Promise<Agents | undefined> {
  if (!namesProxy(process.env)) return undefined
  const { proxyAgents } = await import('./proxy-agents.ts')
  shared ??= proxyAgents(process.env)
  return shared
}
