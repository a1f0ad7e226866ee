import { type AnyNode, parse } from 'acorn'
import { full } from 'acorn-walk'
import { utf8 } from '../../bytes.ts'
import { canonicalJson } from '../../codec/canonical-json.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { RecipeDefinition } from '../../recipe/define-recipe.ts'
import { isJson, type RecipeDescription } from '../../recipe/describe-definition.ts'
import type { JsonValue } from '../../types.ts'
import type { FoundCode } from './interface.ts'
import { parseModule } from './parse-module.ts'
import { isStandardName } from './standard-names.ts'

/** The path of a function that has no file of its own. */
const PATH = 'recipe.mjs'
/** What this means is decided by the call, not by what is around the function. */
const ALWAYS_THERE = new Set(['arguments'])

/**
 * The code of a recipe that a program declares on the spot: a module with the text of its function, and above that what it captures. It is all that the function has where it runs.
 *
 * @throws InvalidArgumentError with the reason if the recipe has no version or does not say what it captures, if its function has no text or uses names from around it that it does not
 * capture, and if it loads other modules than those of Node
 */
export function inlineModule(definition: RecipeDefinition, { name, version, inputs, outputs, deterministic, environment, map, files }: RecipeDescription): FoundCode {
  const refuse = (why: string, hint: string): never => {
    throw new InvalidArgumentError(`The inline recipe ${name} ${why}`, { data: { recipe: name }, hint })
  }
  if (version === null) refuse('has no version', 'Give it one, and another whenever what it calls changes; or move it to a module of its own, whose imports say what it is made of.')
  const { captures } = definition
  if (captures === undefined || !isJson(captures)) refuse('does not say what it captures', 'Add captures: { … } with every value that its function uses from around it, as plain data; {} if there is none. Or move it to a module of its own.')
  if (files.length > 0) refuse('names files', 'Move it to a module of its own, beside them.')
  const values = captures as { readonly [name: string]: JsonValue }
  const call = functionText(Reflect.get(definition, 'run')) ?? refuse('has a function without a text', 'Pass the function itself: one that bind() made, or a getter or generator, cannot be written down.')
  const names = Object.keys(values).sort()
  const foreign = freeNames(call).filter((free) => !names.includes(free))
  if (foreign.length > 0) {
    // A variable around the function may have the name of a global, which the function would find where it runs.
    const there = foreign.find((free) => free in globalThis)
    const hint = there === undefined ? '' : `If the one that Node has is meant, write globalThis.${there}. `
    refuse(`uses ${foreign.join(', ')}, which its function does not declare and does not capture`, `${hint}Add what is plain data to captures, take functions into the function, or move it to a module of its own.`)
  }
  const head = names.length === 0 ? '' : `const { ${names.join(', ')} } = JSON.parse(${JSON.stringify(canonicalJson(values, 'What a recipe captures'))})\n`
  const declared = { name, version, inputs, outputs, deterministic, environment, ...(map === null ? {} : { map }) }
  const text = `${head}export default {\n  ...JSON.parse(${JSON.stringify(canonicalJson(declared, 'A recipe'))}),\n  run: ${call},\n}\n`
  const nameless = names.find((capture) => parsedProgram(`const { ${capture} } = 0`) === undefined)
  if (nameless !== undefined) refuse(`has a capture "${nameless}", which cannot be the name of a variable`, 'Give it the name that its function uses.')
  const { references, open } = parsed(text) ?? refuse('has a function that no module can hold', 'Move it to a module of its own.')
  const other = references.find(({ specifier }) => !specifier.startsWith('node:'))
  if (other !== undefined) refuse(`loads ${other.specifier}`, 'Move it to a module of its own: inline, only modules of Node can be loaded, as node:fs.')
  return { top: '', entry: PATH, files: [{ path: PATH, content: utf8(text), executable: false }], links: [], packages: [], open: open.map(({ reason }) => `${PATH}: ${reason}`), moduleFolders: [] }
}

/** An expression that gives the function. */
function functionText(run: unknown): string | undefined {
  const text = Function.prototype.toString.call(run)
  return [text, `Object.values({ ${text} })[0]`].find((expression) => {
    const program = parsedProgram(`(${expression})`)
    return program !== undefined && !/\{\s*\[native code\]\s*\}\s*$/.test(text) && !/^(get|set)\s+\w/.test(text)
  })
}

/** Names that an expression uses and neither declares nor has from the language. Those that it declares anywhere count as declared. */
function freeNames(expression: string): readonly string[] {
  const used = new Set<string>()
  const declared = new Set<string>()
  full(parsedProgram(`(${expression})`) as AnyNode, (node, _state, type) => {
    // What is declared is a pattern there, and names of members and labels are not visited.
    if (node.type === 'Identifier') (type === 'Identifier' ? used : declared).add(node.name)
  })
  return [...used].filter((name) => !declared.has(name) && !ALWAYS_THERE.has(name) && !isStandardName(name)).sort()
}

function parsedProgram(text: string): AnyNode | undefined {
  try {
    return parse(text, { ecmaVersion: 'latest', sourceType: 'module', allowAwaitOutsideFunction: false })
  } catch {
    return undefined
  }
}

function parsed(text: string): ReturnType<typeof parseModule> | undefined {
  try {
    return parseModule(text, 'module')
  } catch {
    return undefined
  }
}
