import { explainRevision, type Explanation, type RunInfo } from '../../recipe/explain.ts'
import { unitsText } from '../derivation-lines.ts'
import { plural, shownPath, shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<object>({
  examples: [['varve explain covid/features', 'by which recipe it was made, of what, by which code, when, and with what result each time']],
  configure(command) {
    command.argument('<rev>', 'a dataset that was derived')
  },
  async run(context, [revision = '']) {
    await using repository = await context.open()
    const found = await explainRevision(repository, needWholeRevision(revision))
    await context.output.result(found, () => explanationLines(context.output, found))
  },
})

function* explanationLines(output: Output, { root, source, derived, output: name, derivation, recipe, code, inputs, params, seed, environment, runs }: Explanation): Generator<string> {
  const { action } = recipe
  yield `root         ${output.style('bold', root)}`
  if (source !== null) {
    const from = [source.uri, source.message.split('\n')[0]].filter((text) => text !== null && text !== undefined && text !== '').map((text) => shownText(text ?? ''))
    yield `${output.style('green', 'source')}       stored by snapshot ${source.snapshot}, ${source.time}${from.length === 0 ? '' : `: ${from.join(', ')}`}`
    yield '             That snapshot was not derived; a recipe gave the same data:'
  }
  yield `output       ${name} of ${output.style('cyan', shownText(recipe.name))}${recipe.version === null ? '' : ` ${shownText(recipe.version)}`}`
  if (derived !== null) yield `             derived ${derived.time}${derived.author === null ? '' : ` by ${shownText(derived.author)}`}${derived.message === '' ? '' : `: ${shownText(derived.message.split('\n')[0] ?? '')}`}`
  yield `derivation   ${derivation}`
  yield `recipe       ${recipe.cid}`
  yield `             ${action.kind === 'command' ? shownText(action.words.join(' ')) : `${shownPath(action.module)}#${action.exportName}`}; ${claimOf(recipe.deterministic)}`
  for (const input of inputs) yield `input        ${input.name}  ${input.root}${input.root === root ? '  (the very data: the recipe gave back what it took)' : ''}`
  for (const [key, value] of Object.entries(params)) yield `parameter    ${shownText(key)} = ${shownText(JSON.stringify(value))}`
  yield `seed         ${shownText(seed)}`
  yield `environment  ${environment.policy}${Object.entries(environment.facts).map(([fact, value]) => `, ${fact} ${shownText(value)}`).join('')}`
  yield `code         ${code.root}`
  for (const file of code.files) yield `             ${shownPath(file)}`
  for (const { name: packageName, version } of code.packages) yield `package      ${packageName}@${version}`
  for (const reason of code.open) yield `${output.style('yellow', 'open')}         ${shownText(reason)}`
  const first = runs.find(({ status }) => status === 'succeeded')
  for (const run of runs) yield* runLines(output, run, { first, derivation })
}

function* runLines(output: Output, { run, status, reason, started, ended, host, outputs, log, mathRandomCalls, units }: RunInfo, { first, derivation }: { readonly first: RunInfo | undefined; readonly derivation: string }): Generator<string> {
  const differs = status === 'succeeded' && JSON.stringify(outputs) !== JSON.stringify(first?.outputs)
  yield `run          ${run}  ${output.style(status === 'succeeded' ? 'green' : 'red', status)}${differs ? output.style('yellow', ', with another result than the first') : ''}`
  yield `             ${started} to ${ended} on ${shownText(host)}${mathRandomCalls === null || mathRandomCalls === 0 ? '' : `; Math.random was called ${plural(mathRandomCalls, 'time')}`}`
  if (units !== null) yield `             ran${unitsText({ total: units.ran + units.remembered, ran: units.ran })}${units.basis === null ? '' : `, took the others from ${units.basis === derivation ? 'an earlier try' : `derivation ${units.basis}`}`}`
  if (reason !== null) yield `             ${shownText(reason)}`
  for (const { name, root } of outputs) yield `             ${name}  ${root}`
  yield `             log ${log} (varve cat ${log}:stdout.txt)`
}

function claimOf(deterministic: Explanation['recipe']['deterministic']): string {
  if (typeof deterministic === 'string') return deterministic === 'bitwise' ? 'gives the same bits' : 'may give anything'
  return `gives the same within a tolerance of ${shownText(JSON.stringify(deterministic.tolerance))}`
}
