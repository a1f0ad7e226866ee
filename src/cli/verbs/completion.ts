import { Argument } from 'commander'
import { COMPLETION_SCRIPTS, SHELLS, type Shell } from '../completion-scripts.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<object>({
  examples: [
    ['source <(varve completion bash)', 'for this shell; put it into ~/.bashrc to keep it (zsh: ~/.zshrc)'],
    ['varve completion fish > ~/.config/fish/completions/varve.fish', 'for fish'],
  ],
  configure(command) {
    command.addArgument(new Argument('<shell>', 'your shell').choices([...SHELLS]))
  },
  async run(context, [shell]) {
    const script = COMPLETION_SCRIPTS[shell as Shell]
    await context.output.result({ shell, script }, () => [script.trimEnd()])
  },
})
