import { Command } from 'commander'
import type { Context, GlobalFlags } from './context.ts'
import type { AnyVerb } from './verb.ts'
import { VERBS, type VerbEntry } from './verbs.ts'

const LEARN_MORE = `
A revision is a ref (mnist/raw), a tag (mnist/raw@v2), an ancestor (mnist/raw~1), a snapshot, a root, or the
first 8 or more characters of one; revision:path is a path in it.

Examples:
  $ varve snapshot ./data -m "as downloaded"    store ./data; creates .varve/ if there is none
  $ varve status ./data                         what has changed since
  $ varve checkout data~1 ./data-before         get the snapshot before back
  $ varve verify                                read and hash every byte

Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 not found, 4 damaged or hostile data,
5 refused to protect data, 6 the system failed, 130 interrupted.`

/**
 * The parser of the command line. A verb's own arguments and options are loaded when the verb is asked for.
 * @param contextOf makes what the verb runs with
 */
export function createProgram(version: string, contextOf: (flags: GlobalFlags) => Context): Command {
  const program = new Command('varve')
    .description('Content-addressed data versioning: snapshot, verify, compare and restore datasets by one stable hash.')
    .usage('[options] <command>')
    .version(version, '-V, --version', 'print the version')
    .option('--repo <location>', 'the repository; default: VARVE_REPO, else the nearest .varve/ upward')
    .option('--json', 'print results as one JSON document')
    .option('-q, --quiet', 'print nothing but results and errors')
    .option('--reconstruct', 'make dropped derived data again where it is needed, which runs recipes of the repository')
    .option('--no-color', 'use no colours; NO_COLOR does the same')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ showGlobalOptions: true })
    // Errors are reported in one place, by whoever runs the program.
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText('after', LEARN_MORE)
  const loaders = new Map<Command, VerbEntry['load']>()
  for (const { name, summary, load } of VERBS) loaders.set(program.command(name).summary(summary).description(capitalised(summary)), load)
  program.hook('preSubcommand', async (_program, command) => {
    const load = loaders.get(command)
    // Each is configured once: help for a verb comes by here twice.
    loaders.delete(command)
    if (load !== undefined) configureVerb(command, (await load()).verb, () => contextOf(program.opts<GlobalFlags>()))
  })
  return program
}

/** Declares a verb's arguments, options, examples and action. */
export function configureVerb(command: Command, verb: AnyVerb, context: () => Context): void {
  verb.configure(command)
  command.addHelpText('after', `\nExamples:\n${verb.examples.map(([line, purpose]) => `  $ ${line}\n      ${purpose}`).join('\n')}`)
  command.action(() => verb.run(context(), command.args, command.opts()))
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
