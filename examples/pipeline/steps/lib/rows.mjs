/** One JSON document a line. */
export const readRows = (bytes) => new TextDecoder().decode(bytes).split('\n').filter(Boolean).map((line) => JSON.parse(line))
export const writeRows = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
