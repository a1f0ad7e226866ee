/**
 * Keys are the names on the way to a value, with dots between them: `train.rate`. A dot or a backslash that is part of a name has a backslash before it, so that no two ways have
 * one key: `rates.conv1\.weight`.
 */
export function joinKey(names: readonly string[]): string {
  return names.map(escapeName).join('.')
}

/** The names of a key. A backslash before anything but a dot or a backslash stands for itself. */
export function splitKey(key: string): readonly string[] {
  if (!key.includes('\\')) return key.split('.')
  const names: string[] = []
  let name = ''
  for (let at = 0; at < key.length; at++) {
    const character = key.charAt(at)
    const next = key.charAt(at + 1)
    if (character === '\\' && (next === '.' || next === '\\')) {
      name += next
      at++
    } else if (character === '.') {
      names.push(name)
      name = ''
    } else {
      name += character
    }
  }
  return [...names, name]
}

/** The key of what has a name within another; null is the configuration itself. */
export function innerKey(outer: string | null, name: string): string {
  return outer === null ? escapeName(name) : `${outer}.${escapeName(name)}`
}

/** True if a key is that of a map, or of something in it. */
export function isWithin(key: string, outer: string): boolean {
  return key.startsWith(outer) && (key.length === outer.length || key[outer.length] === '.')
}

function escapeName(name: string): string {
  return name.replace(/[\\.]/g, '\\$&')
}
