import type { JsonValue } from '../../types.ts'
import { Unresolved } from './unresolved.ts'

/**
 * What a specifier leads to by the `exports` or `imports` of a package.json: a path within the package (`./lib/a.js`), another specifier, or undefined
 * if nothing is there for it. Follows "Resolution Algorithm Specification" in Node's documentation of ECMAScript modules. Import maps of packages
 * are resolved here, and not by Node, because Node and the packages that imitate it keep every package.json for the life of the process.
 *
 * @throws Unresolved if the target is not one that Node accepts
 */
export function exportedTarget(exports: JsonValue, subpath: string, conditions: ReadonlySet<string>): string | undefined {
  const names = isMap(exports) ? Object.keys(exports).filter((key) => key.startsWith('.')).length : 0
  if (isMap(exports) && names !== 0 && names !== Object.keys(exports).length) throw new Unresolved('is a package whose `exports` mix paths and conditions')
  const map = isMap(exports) && names > 0 ? exports : { '.': exports }
  return matchedTarget(map, subpath, conditions, false)
}

export function importedTarget(imports: JsonValue, name: string, conditions: ReadonlySet<string>): string | undefined {
  return isMap(imports) ? matchedTarget(imports, name, conditions, true) : undefined
}

type JsonMap = { readonly [key: string]: JsonValue }

function matchedTarget(map: JsonMap, name: string, conditions: ReadonlySet<string>, isImports: boolean): string | undefined {
  const exact = Object.hasOwn(map, name) && !name.includes('*') && !name.endsWith('/') ? map[name] : undefined
  if (exact !== undefined) return targetOf(exact, undefined, conditions, isImports) ?? undefined
  const patterns = Object.keys(map).filter((key) => key.split('*').length === 2 && isMatch(key, name)).sort(byPrecedence)
  const [key] = patterns
  if (key === undefined) return undefined
  const star = key.indexOf('*')
  return targetOf(map[key] ?? null, name.slice(star, name.length - (key.length - star - 1)), conditions, isImports) ?? undefined
}

function isMatch(key: string, name: string): boolean {
  const [base = '', trailer = ''] = key.split('*')
  return name !== base && name.length >= key.length && name.startsWith(base) && name.endsWith(trailer)
}

/** The longest text before the star first, then the longest key. */
function byPrecedence(a: string, b: string): number {
  return b.indexOf('*') - a.indexOf('*') || b.length - a.length
}

/** Null if the map says that nothing is there, undefined if none of its conditions holds. */
function targetOf(target: JsonValue, star: string | undefined, conditions: ReadonlySet<string>, isImports: boolean): string | null | undefined {
  if (typeof target === 'string') return checkedTarget(target, star, isImports)
  if (Array.isArray(target)) return firstTarget(target as readonly JsonValue[], star, conditions, isImports)
  if (!isMap(target)) return null
  for (const [condition, value] of Object.entries(target)) {
    if (condition !== 'default' && !conditions.has(condition)) continue
    const found = targetOf(value, star, conditions, isImports)
    if (found !== undefined) return found
  }
  return undefined
}

function firstTarget(targets: readonly JsonValue[], star: string | undefined, conditions: ReadonlySet<string>, isImports: boolean): string | null | undefined {
  let last: string | null | undefined = targets.length === 0 ? null : undefined
  let refusal: Unresolved | undefined
  for (const target of targets) {
    try {
      const found = targetOf(target, star, conditions, isImports)
      if (typeof found === 'string') return found
      last = found ?? last
      refusal = undefined
    } catch (error) {
      if (!(error instanceof Unresolved)) throw error
      refusal = error
    }
  }
  if (refusal !== undefined) throw refusal
  return last
}

function checkedTarget(target: string, star: string | undefined, isImports: boolean): string {
  const filled = star === undefined ? target : target.replaceAll('*', () => star)
  if (!target.startsWith('./')) {
    if (isImports && !target.startsWith('../') && !target.startsWith('/') && !URL.canParse(target)) return filled
    throw new Unresolved(`its package.json leads to ${JSON.stringify(target)}, which Node refuses`)
  }
  const segments = filled.slice(2).split(/[/\\]/)
  if (segments.some((segment) => ['.', '..', 'node_modules'].includes(decodeURIComponent(segment).toLowerCase()))) {
    throw new Unresolved(`its package.json leads to ${JSON.stringify(filled)}, which Node refuses`)
  }
  return filled
}

function isMap(value: JsonValue): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
