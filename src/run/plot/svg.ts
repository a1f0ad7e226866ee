/** Colours of lines and points: each has a contrast of at least 3 to both papers (WCAG 2.2, 1.4.11), as test/run/plot/svg.test.ts reckons. */
export const COLOURS: readonly string[] = ['#3b82f6', '#d97706', '#25935a', '#d9486e', '#8b6cd9', '#a0783c', '#0e95a5', '#808080']
export const PAPERS = { light: '#ffffff', dark: '#0d1117' } as const
/** Once the colours are used up, lines are told apart by these. */
const DASHES = ['', '6 3', '2 3', '8 3 2 3'] as const
/** Of a label beside a plot; the whole of it is in the element's title. */
export const MAX_LABEL_LENGTH = 24

const STYLE = [
  `.paper{fill:${PAPERS.light}}text{fill:#57606a;font:12px sans-serif}.title{fill:#24292f;font-size:15px}.group{fill:#24292f}.grid{stroke:#d0d7de}.end{text-anchor:end}.middle{text-anchor:middle}.line{fill:none;stroke-width:1.75;stroke-linejoin:round}`,
  `@media (prefers-color-scheme:dark){.paper{fill:${PAPERS.dark}}text{fill:#9aa4af}.title,.group{fill:#e6edf3}.grid{stroke:#30363d}}`,
].join('')

/** Anything that XML 1.0 (section 2.2) does not allow, and what turns the direction of text. */
// oxlint-disable-next-line no-control-regex -- these are what must not get in
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu

/** Text that may stand in an element or an attribute. */
export function escaped(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

export function shortLabel(label: string, max: number = MAX_LABEL_LENGTH): string {
  const characters = Array.from(label)
  return characters.length <= max ? label : `${characters.slice(0, max - 1).join('')}…`
}

/** A whole document: legible on light and on dark, the same text for the same content. */
export function svgDocument(width: number, height: number, title: string, content: readonly string[]): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...content,
    '</svg>',
  ].join('\n')}\n`
}

export function svgText(x: number, y: number, text: string, className = ''): string {
  return `<text x="${pixel(x)}" y="${pixel(y)}"${className === '' ? '' : ` class="${className}"`}>${escaped(text)}</text>`
}

export function gridLine(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="grid" x1="${pixel(x1)}" y1="${pixel(y1)}" x2="${pixel(x2)}" y2="${pixel(y2)}"/>`
}

export function dot(x: number, y: number, colour: string, title?: string): string {
  const circle = `<circle cx="${pixel(x)}" cy="${pixel(y)}" r="${title === undefined ? 2.5 : 4.5}" fill="${colour}"`
  return title === undefined ? `${circle}/>` : `${circle}><title>${escaped(title)}</title></circle>`
}

/** How the line of that place is drawn, as attributes. */
export function stroke(place: number): string {
  const dash = DASHES[Math.floor(place / COLOURS.length) % DASHES.length] ?? ''
  return `stroke="${colourOf(place)}"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`
}

export function colourOf(place: number): string {
  return COLOURS[place % COLOURS.length] ?? PAPERS.dark
}

export function pixel(value: number): string {
  return value.toFixed(1)
}
