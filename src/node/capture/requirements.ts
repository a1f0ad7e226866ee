import { normalName } from './ask-python.ts'
import type { PythonPin } from './python-lock.ts'

/** Reads a file that another one names. Undefined if there is none. */
export type RequirementsReader = (from: string, name: string) => { readonly path: string; readonly text: string } | undefined

/** Files that are read for one, itself included. */
const MAX_FILES = 32

/** What a requirements file and those that it includes ask for (pip documentation, "Requirements File Format"). Constraints (`-c`) say versions, and do not ask. */
export function requirements(path: string, text: string, read: RequirementsReader): ReadonlyMap<string, PythonPin> {
  const pins = new Map<string, PythonPin>()
  const seen = new Set([path])
  const queue = [{ path, text, isConstraint: false }]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const line of logicalLines(next.text)) {
      const included = /^(-r|--requirement|-c|--constraint)(?:\s+|=)(\S.*)$/.exec(line)
      if (included !== null) {
        const file = read(next.path, included[2] ?? '')
        if (file === undefined || seen.has(file.path) || seen.size >= MAX_FILES) continue
        seen.add(file.path)
        queue.push({ ...file, isConstraint: next.isConstraint || included[1]?.includes('c') === true })
      } else {
        const pin = pinOf(line, next.isConstraint)
        if (pin !== undefined) pins.set(normalName(pin.name), merged(pins.get(normalName(pin.name)), pin))
      }
    }
  }
  return pins
}

/** Without comments, and with continued lines joined. */
function logicalLines(text: string): readonly string[] {
  return text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/).map((line) => line.replace(/(^|\s)#.*$/, '').trim()).filter((line) => line !== '')
}

/** Undefined for options of the file. */
function pinOf(line: string, isConstraint: boolean): PythonPin | undefined {
  const [, name, rest = ''] = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(.*)$/.exec(line) ?? []
  if (name === undefined) return undefined
  const [asked = '', marker] = rest.replaceAll(/\s--\w.*$/g, '').split(';')
  const exact = /^\(?\s*={2,3}\s*([^\s,;()*]+)\s*\)?$/.exec(asked.trim())?.[1]
  return { name, versions: exact === undefined ? [] : [exact], isHashed: /\s--hash[=\s]/.test(rest), isRequired: !isConstraint && marker === undefined }
}

/** One line may name it, and another, of constraints or for another platform, say which version. */
function merged(before: PythonPin | undefined, pin: PythonPin): PythonPin {
  if (before === undefined) return pin
  return { name: before.name, versions: [...new Set([...before.versions, ...pin.versions])], isHashed: before.isHashed || pin.isHashed, isRequired: before.isRequired || pin.isRequired }
}
