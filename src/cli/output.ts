import { once } from 'node:events'
import { styleText } from 'node:util'

export interface OutputOptions {
  /** Results are one JSON document. */
  readonly json: boolean
  /** Nothing but results and errors. */
  readonly quiet: boolean
  /** False if the user asked for none; a stream that is no terminal has none anyway. */
  readonly color: boolean
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

const PIECE_LENGTH = 64 * 1024

/** Results on stdout, everything else on stderr. */
export class Output {
  readonly json: boolean
  readonly quiet: boolean
  readonly #color: boolean

  constructor({ json, quiet, color }: OutputOptions) {
    this.json = json
    this.quiet = quiet
    this.#color = color
  }

  /** The result of a verb: a document for programs, or lines for people. */
  async result(document: unknown, lines: () => Iterable<string>): Promise<void> {
    if (this.json) await this.write(`${JSON.stringify(document, null, 2)}\n`)
    else await this.#writeLines(lines())
  }

  /** A result of many records, written as they come. The first is awaited, so that an error at the start leaves stdout empty. */
  async records<T>(records: AsyncIterable<T>, line: (record: T) => string): Promise<void> {
    if (this.json) await this.#writeLines(jsonArray(records))
    else await this.#writeLines(mapped(records, line))
  }

  /** Bytes or text to stdout, no faster than they are taken. */
  async write(data: string | Uint8Array): Promise<void> {
    if (!process.stdout.write(data)) await once(process.stdout, 'drain')
  }

  /** Something worth knowing that is not the result. */
  note(text: string): void {
    if (!this.quiet) process.stderr.write(`${text}\n`)
  }

  warn(text: string): void {
    this.note(`${this.style('yellow', 'varve: warning:', process.stderr)} ${text}`)
  }

  style(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
    const wanted = this.#color && stream.isTTY && (process.env.NO_COLOR ?? '') === ''
    return wanted ? styleText(style, text, { validateStream: false }) : text
  }

  async #writeLines(lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
    let piece = ''
    for await (const line of lines) {
      piece += `${line}\n`
      if (piece.length < PIECE_LENGTH) continue
      await this.write(piece)
      piece = ''
    }
    if (piece !== '') await this.write(piece)
  }
}

async function* jsonArray(records: AsyncIterable<unknown>): AsyncGenerator<string> {
  let previous: string | undefined
  for await (const record of records) {
    yield previous === undefined ? '[' : `${previous},`
    previous = `  ${JSON.stringify(record)}`
  }
  yield previous ?? '['
  yield ']'
}

async function* mapped<T>(records: AsyncIterable<T>, line: (record: T) => string): AsyncGenerator<string> {
  for await (const record of records) yield line(record)
}
