import { normalName } from './ask-python.ts'
import type { PythonPin } from './python-lock.ts'

/** The packages of uv.lock, poetry.lock and pdm.lock: tables `[[package]]` with name, version and hashes. They are for every platform and group, so that none of them has to be there. */
export function tomlLock(text: string): ReadonlyMap<string, PythonPin> {
  const pins = new Map<string, PythonPin>()
  for (const table of text.split(/^\[\[package\]\][ \t]*$/m).slice(1)) {
    // Tables of the package, as its dependencies, have names and versions of their own.
    const own = table.split(/^\[/m)[0] ?? ''
    const [name, version] = ['name', 'version'].map((key) => new RegExp(`^${key}[ \\t]*=[ \\t]*"([^"\\n]+)"`, 'm').exec(own)?.[1])
    // The project itself, and what is part of it.
    if (name === undefined || version === undefined || /^source[ \t]*=[ \t]*\{[ \t]*(virtual|editable|directory)\b/m.test(own)) continue
    const key = normalName(name)
    pins.set(key, { name, versions: [...(pins.get(key)?.versions ?? []), version], isHashed: /\bhash = "sha256:/.test(own), isRequired: false })
  }
  return pins
}

/** The packages of a Pipfile.lock, those for development too. Null if it is none. */
export function pipfileLock(text: string): ReadonlyMap<string, PythonPin> | null {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof document !== 'object' || document === null) return null
  const pins = new Map<string, PythonPin>()
  for (const group of ['develop', 'default']) {
    const packages = (document as Readonly<Record<string, unknown>>)[group]
    if (typeof packages !== 'object' || packages === null) continue
    for (const [name, about] of Object.entries(packages)) {
      const { version, hashes, markers } = (about ?? {}) as { readonly version?: unknown; readonly hashes?: unknown; readonly markers?: unknown }
      const exact = typeof version === 'string' ? /^={2,3}(.+)$/.exec(version)?.[1] : undefined
      pins.set(normalName(name), { name, versions: exact === undefined ? [] : [exact], isHashed: Array.isArray(hashes) && hashes.length > 0, isRequired: group === 'default' && markers === undefined })
    }
  }
  return pins
}
