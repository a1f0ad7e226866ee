/** Names of inputs and outputs: they become folders, placeholders and variables of the environment. */
const PART_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/** What the name of an input or output is made of, for messages. */
export const PART_NAME_RULE = 'a letter, then up to 63 letters, digits, _ or -'

export function isPartName(name: unknown): name is string {
  return typeof name === 'string' && PART_NAME.test(name)
}

/** The form of a name in which no two of one recipe may be equal: folders may fold case, variables know no `-`. */
export function foldedPartName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}
