import { type Command, CommanderError } from 'commander'
import { Context } from './context.ts'
import { EXIT } from './exit-codes.ts'
import { createProgram } from './program.ts'
import { reportError, reportInterruption, usageError, watchStdout } from './report-error.ts'

/** The verb by which shells ask for completions; hidden, as people have no use for it. */
const COMPLETE = 'complete'

/** Runs a command line and sets the exit code of the process. */
export async function runCli(args: readonly string[], version: string): Promise<void> {
  // Known before the parser knows: a command line that cannot be parsed still gets its one document.
  const json = args.slice(0, args.includes('--') ? args.indexOf('--') : undefined).includes('--json')
  watchStdout(json)
  // On Node 20 the SDK of S3 has something to say on stderr about its versions to come, in the middle of results.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  process.on('uncaughtException', (error) => process.exit(reportError(error, json)))
  let context: Context | undefined
  const program = createProgram(version, (flags) => (context = new Context(flags)))
  try {
    if (args[0] === COMPLETE) {
      const { printCompletions } = await import('./complete.ts')
      await printCompletions(program, args.slice(args[1] === '--' ? 2 : 1))
    } else if (args.length === 0) {
      program.outputHelp({ error: true })
      process.exitCode = EXIT.usage
    } else {
      await program.parseAsync(withoutHelpVerb(args), { from: 'user' })
    }
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return
    const signal = context?.interruption.signalName
    process.exitCode =
      signal === undefined ? reportError(error instanceof CommanderError ? explainUsage(error, program, args) : error, json) : reportInterruption(signal, context?.interruption.outcome ?? '', json)
  }
}

/** `help diff` as `diff --help`: the parser's own way would not load what the verb declares. */
function withoutHelpVerb(args: readonly string[]): string[] {
  const [help, verb] = args
  return help === 'help' && verb !== undefined && !verb.startsWith('-') ? [verb, '--help'] : [...args]
}

/** The parser's words in the form that all errors have. */
function explainUsage(error: CommanderError, program: Command, args: readonly string[]): Error {
  if (error.code === 'commander.help') return usageError('No command was given', '`varve --help` lists them.')
  const [message = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n')
  const verb = program.commands.find((command) => args.includes(command.name()))
  const guess = /Did you mean (.*)\?\)/.exec(suggestion)?.[1]
  const meant = guess === undefined ? '' : `Did you mean ${guess}? `
  const isCommandOpen = verb?.name() === 'run' && !args.includes('--')
  const advice = isCommandOpen ? 'The command comes last, after --: varve run --input train=data -- python3 train.py --rate 0.1' : `\`varve ${verb === undefined ? '' : `${verb.name()} `}--help\` shows what there is.`
  return usageError(message.charAt(0).toUpperCase() + message.slice(1), `${meant}${advice}`)
}
