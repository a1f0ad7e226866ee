import type { Command } from 'commander'
import type { Context } from './context.ts'

/** One verb of the command line. `Flags` are its options as the parser gives them. */
export interface Verb<Flags extends object> {
  /** Command lines that show what it is for, each with what it does. */
  readonly examples: readonly (readonly [command: string, purpose: string])[]
  /** Declares arguments and options. */
  configure(command: Command): void
  run(context: Context, args: readonly string[], flags: Flags): Promise<void>
}

/** A verb whatever its options, which only the verb itself knows. */
export type AnyVerb = Omit<Verb<object>, 'run'> & { run(context: Context, args: readonly string[], flags: object): Promise<void> }

/** The verb as the table of verbs holds it. */
export function defineVerb<Flags extends object>(verb: Verb<Flags>): AnyVerb {
  return { examples: verb.examples, configure: (command) => verb.configure(command), run: (context, args, flags) => verb.run(context, args, flags as Flags) }
}
