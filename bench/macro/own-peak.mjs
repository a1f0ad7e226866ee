import { readFileSync } from 'node:fs'

/**
 * Peak resident bytes of this process. `maxRSS` is not it where Linux tells better: a program that was started by vfork, as Node's are, begins with the peak of the one
 * that started it.
 */
export function ownPeakBytes() {
  const kibibytes = process.platform === 'linux' ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] : undefined
  return Number(kibibytes ?? process.resourceUsage().maxRSS) * 1024
}
