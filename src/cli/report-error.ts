import { InvalidArgumentError, PipelineError, PolicyError, StorageError, VarveError } from '../errors.ts'
import { EXIT, exitCodeOf, SIGNAL_EXIT_CODES, type ExitSignal } from './exit-codes.ts'
import { shownText } from './format.ts'

/** What a person or a program is told of a failure. */
interface Report {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly data: Readonly<Record<string, unknown>>
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'disk full', EDQUOT: 'disk full: the quota is used up', EACCES: 'no permission', EPERM: 'no permission', EROFS: 'the file system is read-only',
  EIO: 'I/O error', EMFILE: 'too many open files', ENFILE: 'too many open files', EISDIR: 'it is a folder', ENOTDIR: 'a part of the path is no folder',
}

/**
 * Prints an error in two lines on stderr, what and where, then what to do next; with `json` also as a document on stdout. A stack trace is
 * for those who develop varve (`VARVE_DEBUG=1`).
 * @returns the exit code
 */
export function reportError(error: unknown, json: boolean): number {
  const report = reportOf(error)
  print(report, json)
  if (error instanceof PipelineError || error instanceof PolicyError) for (const line of problemLines(error)) process.stderr.write(`${line}\n`)
  if (process.env.VARVE_DEBUG === '1' && error instanceof Error) process.stderr.write(`${withCauses(error)}\n`)
  return exitCodeOf(report.code)
}

/** Everything that is wrong in a file, where there is more than the message says. */
function* problemLines({ problems }: PipelineError | PolicyError): Generator<string> {
  if (problems.length > 1) for (const { file, line, column, message } of problems) yield `  ${shownText(file)}:${line}:${column}: ${oneLine(message)}`
}

/** Says that a signal ended the work. @returns the exit code */
export function reportInterruption(signal: ExitSignal, outcome: string, json: boolean): number {
  print({ code: 'INTERRUPTED', message: 'Interrupted.', hint: outcome, data: { signal } }, json)
  return SIGNAL_EXIT_CODES[signal]
}

function print({ code, message, hint, data }: Report, json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message, hint, data } }, null, 2)}\n`)
  const [first, second] = code === 'INTERRUPTED' ? [`${message} ${hint}`, undefined] : [`varve: ${oneLine(message)}`, `  ${oneLine(hint)}`]
  process.stderr.write(second === undefined ? `${first}\n` : `${first}\n${second}\n`)
}

function reportOf(error: unknown): Report {
  if (error instanceof VarveError) return error
  const system = systemError(error)
  if (system !== undefined) return system
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: 'INTERNAL', message: `Something went wrong inside varve: ${message}`, data: {},
    hint: 'This is a fault in varve. Run the command again with VARVE_DEBUG=1 and report what it prints.',
  }
}

/** What the system refused, in the words of this project. */
function systemError(error: unknown): Report | undefined {
  if (!(error instanceof Error) || !('syscall' in error || 'errno' in error)) return undefined
  const { code, path, syscall } = error as NodeJS.ErrnoException
  const reason = code ?? 'UNKNOWN'
  const words = SYSTEM_WORDS[reason] ?? error.message
  const where = path === undefined ? '' : `${path}: `
  return new StorageError(`${where}${words} (${reason})`, { data: { reason, ...(path === undefined ? {} : { path }), ...(syscall === undefined ? {} : { syscall }) } })
}

function oneLine(text: string): string {
  return shownText(text).replaceAll('\n', '\\n')
}

function withCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\nCaused by: ${withCauses(error.cause)}` : ''
  return `${error.stack ?? error.message}${cause}`
}

/** A wrong use of the command line, with what the parser said of it. */
export function usageError(message: string, hint: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { hint })
}

/** Ends quietly if nobody reads the results any more, as `varve ls … | head` does; else says why they cannot be written. */
export function watchStdout(json: boolean): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.done)
    process.exit(reportError(error, json))
  })
  process.stderr.on('error', () => undefined)
}
