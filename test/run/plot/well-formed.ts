/** Elements of an XML document in the order of their starts, with their attributes and the text directly in them. */
export interface XmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  text: string
}

const NAME = '[A-Za-z_][\\w.-]*'
const START = new RegExp(`^<(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>`)
const END = new RegExp(`^</(${NAME})\\s*>`)
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

/**
 * Reads XML of one root element, without namespaces, comments or a declaration: what plots are made of. Strict by XML 1.0: characters (2.2), references (4.1), tags that match (3), no attribute twice (3.1).
 * @throws Error with the place of what is not well-formed
 */
export function parseXml(text: string): readonly XmlElement[] {
  // oxlint-disable-next-line no-control-regex -- section 2.2
  const forbidden = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u)
  if (forbidden >= 0) throw new Error(`A character that XML does not allow at ${forbidden}`)
  const found: XmlElement[] = []
  const open: XmlElement[] = []
  for (let rest = text.trimEnd(); rest !== ''; ) {
    const fail = (what: string): Error => new Error(`${what}: ${rest.slice(0, 60)}`)
    const start = START.exec(rest)
    const end = END.exec(rest)
    if (start !== null) {
      if (open.length === 0 && found.length > 0) throw fail('A second root')
      const pairs = [...(start[2] ?? '').matchAll(new RegExp(`(${NAME})="([^"]*)"`, 'g'))].map((match) => [match[1] ?? '', decoded(match[2] ?? '')] as const)
      const element = { name: start[1] ?? '', attributes: new Map(pairs), text: '' }
      if (element.attributes.size < pairs.length) throw fail('An attribute twice')
      found.push(element)
      if (start[3] === '') open.push(element)
      rest = rest.slice(start[0].length)
    } else if (end !== null) {
      if (open.pop()?.name !== end[1]) throw fail('An end that matches no start')
      rest = rest.slice(end[0].length)
    } else {
      const content = /^[^<]+/.exec(rest)?.[0]
      const parent = open.at(-1)
      if (content === undefined || parent === undefined) throw fail('Neither a tag nor text')
      parent.text += decoded(content)
      rest = rest.slice(content.length)
    }
  }
  if (open.length > 0 || found.length === 0) throw new Error(`Not closed: ${open.map(({ name }) => name).join(' ')}`)
  return found
}

function decoded(text: string): string {
  return text.replace(/&([^;&]*);?/g, (reference, name: string) => {
    const value = ENTITIES[name]
    if (value === undefined || !reference.endsWith(';')) throw new Error(`Not a reference: ${reference}`)
    return value
  })
}
