import { redactRemote } from '../../run/redact.ts'
import { normalName, type PythonDistribution } from './ask-python.ts'
import type { PythonLock } from './python-lock.ts'

/** What installs, and what every new environment has: lock files do not name them, nor does `pip freeze`. */
const TOOLS: ReadonlySet<string> = new Set(['pip', 'setuptools', 'wheel', 'distribute'])

/** In what is installed differs from what a lock file says, a sentence for each distribution, sorted. */
export function pythonDifferences(pins: NonNullable<PythonLock['pins']>, installed: readonly PythonDistribution[]): readonly string[] {
  const found = new Set(installed.map(({ name }) => normalName(name)))
  const differences: string[] = []
  for (const { name, version, address } of installed) {
    const pin = pins.get(normalName(name))
    if (pin === undefined) {
      if (!TOOLS.has(normalName(name))) differences.push(`${name}: installed ${version}${address === null ? '' : ` from ${redactRemote(address).value}`}, not locked`)
    } else if (pin.versions.length === 0) {
      if (address === null) differences.push(`${name}: installed ${version}, locked to no version`)
    } else if (!pin.versions.some((locked) => isSameVersion(locked, version))) differences.push(`${name}: locked ${pin.versions.join(' or ')}, installed ${version}`)
  }
  for (const [key, { name, versions, isRequired }] of pins) if (isRequired && !found.has(key)) differences.push(`${name}: locked ${versions.length === 0 ? 'to no version' : versions.join(' or ')}, not installed`)
  // Where a lock file is for all platforms and groups, nothing has to be there; but not all of it can be absent.
  if (pins.size > 0 && ![...pins.keys()].some((key) => found.has(key)) && differences.length === 0) differences.push(`of ${pins.size} that are locked none is installed`)
  return differences.sort()
}

/** Whether the lock file has a hash, with which pip compares what it downloads, for each of those that are installed. */
export function isEachHashed(pins: NonNullable<PythonLock['pins']>, installed: readonly PythonDistribution[]): boolean {
  return installed.every(({ name }) => TOOLS.has(normalName(name)) || pins.get(normalName(name))?.isHashed === true)
}

/** Whether a pin is for an installed version (PEP 440): `1.0` and `1.0.0` are one, and what a build added after `+` counts only if the pin says it. */
function isSameVersion(locked: string, installed: string): boolean {
  const [a, b] = [locked, installed].map(normalVersion) as [string, string]
  return a === b || (!a.includes('+') && a === b.split('+')[0])
}

function normalVersion(version: string): string {
  const [release = '', local] = version.toLowerCase().replace(/^v/, '').split('+')
  const spelled = release.replace(/alpha/, 'a').replace(/beta/, 'b').replace(/preview|pre|(?<![r])c(?=[-_.]?\d)/, 'rc').replaceAll(/[-_.]?(a|b|rc|post|dev)[-_.]?/g, '$1')
  const normal = spelled.replace(/^(\d+(?:\.\d+)*?)(?:\.0+)+(?=$|[a-z])/, '$1')
  return local === undefined ? normal : `${normal}+${local.replaceAll(/[-_]/g, '.')}`
}
