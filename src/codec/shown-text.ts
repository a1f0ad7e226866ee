/** C0 and C1 controls but tab and newline, and what turns the direction of text: a terminal would act on them. */
// oxlint-disable-next-line no-control-regex -- these are what must not reach a terminal
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
/** What would begin another line, or look like it. */
const LINE_BREAK = /[\t\n\u2028\u2029]/g
const SHORT = new Map([['\t', '\\t'], ['\n', '\\n']])

/** Text that others wrote, with nothing in it that a terminal would act on; newlines stay. */
export function shownText(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`)
}

/** The same for text that must stay in one line. */
export function shownLine(text: string): string {
  return shownText(text).replace(LINE_BREAK, (character) => SHORT.get(character) ?? `\\u${character.charCodeAt(0).toString(16)}`)
}
