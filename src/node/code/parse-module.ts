import { type AnyNode, type CallExpression, type ImportExpression, type Node, type NewExpression, type Options, parse, type Program } from 'acorn'
import { ancestor } from 'acorn-walk'
import type { LoadMode } from './resolver.ts'
import { isGuarded, isImportMeta, literal, memberOf } from './syntax-nodes.ts'

/** How a file is read: by the rules of ECMAScript modules, of CommonJS, or by what is in it. */
export type ModuleKind = 'module' | 'commonjs' | 'detect'

/** A literal that names another file or a package. `offset` is where in the text it is asked for. */
export interface Reference {
  readonly specifier: string
  readonly offset: number
  /** `file`: a URL relative to the module, for whatever purpose. */
  readonly mode: LoadMode | 'file'
  /** True if the code goes on without it. */
  readonly optional: boolean
}

export interface ParsedModule {
  readonly references: readonly Reference[]
  /** What may load more than can be seen. */
  readonly open: readonly { readonly reason: string; readonly offset: number }[]
}

const MODULE: Options = { ecmaVersion: 'latest', sourceType: 'module' }
const COMMONJS: Options = { ecmaVersion: 'latest', sourceType: 'commonjs' }
/** What there is in any text that asks for files other than by statements. Most modules have none of it, and to look at every node of them costs as much as to parse them. */
const EXPRESSIONS = /\bimport\s*[(./]|\b(?:require|createRequire|eval|Function|URL)\b|\\u/

/**
 * What a module asks for. What comes through other names for `require`, `import.meta.url` or `createRequire` is not seen; where it is not declared either, it is not
 * there when the code runs.
 * @throws SyntaxError with `pos`, the offset
 */
export function parseModule(text: string, kind: ModuleKind): ParsedModule {
  if (kind !== 'detect') return readProgram(parse(text, kind === 'module' ? MODULE : COMMONJS), text, kind === 'commonjs')
  let program: Program
  try {
    program = parse(text, COMMONJS)
  } catch {
    return readProgram(parse(text, MODULE), text, false)
  }
  return readProgram(program, text, true)
}

type Call = CallExpression | ImportExpression | NewExpression

function readProgram(program: Program, text: string, isCommonJs: boolean): ParsedModule {
  const references: Reference[] = []
  const open: { reason: string; offset: number }[] = []
  for (const node of program.body) {
    const specifier = 'source' in node ? literal(node.source) : undefined
    if (specifier !== undefined) references.push({ specifier, offset: node.start, mode: 'import', optional: false })
  }
  if (!EXPRESSIONS.test(text)) return { references, open }
  const { calls, requires } = callsIn(program, isCommonJs)
  for (const { node, above } of calls) {
    const asked = askedBy(node, requires, above)
    if (asked === undefined) continue
    if ('reason' in asked) open.push({ reason: asked.reason, offset: node.start })
    else references.push({ ...asked, offset: node.start, optional: asked.optional || isGuarded(node, above) })
  }
  return { references, open }
}

interface Calls {
  readonly calls: readonly { readonly node: Call; readonly above: readonly Node[] }[]
  /** Names that are `require`. */
  readonly requires: ReadonlySet<string>
}

function callsIn(program: Program, isCommonJs: boolean): Calls {
  const calls: { readonly node: Call; readonly above: readonly Node[] }[] = []
  const requires = new Set(isCommonJs ? ['require'] : [])
  const call = (node: Call, _state: unknown, above: readonly Node[]): void => void calls.push({ node, above: [...above] })
  ancestor(program, {
    ImportExpression: call,
    CallExpression: call,
    NewExpression: call,
    VariableDeclarator: ({ id, init }) => void (id.type === 'Identifier' && isCreateRequire(init) && requires.add(id.name)),
  })
  return { calls, requires }
}

type Asked = Pick<Reference, 'specifier' | 'mode' | 'optional'> | { readonly reason: string } | undefined

function askedBy(node: Call, requires: ReadonlySet<string>, above: readonly Node[]): Asked {
  if (node.type === 'ImportExpression') {
    const specifier = literal(node.source) ?? ownFile(node.source)
    return specifier === undefined ? { reason: 'import() of something that is not a literal' } : { specifier, mode: 'import', optional: false }
  }
  const [first] = node.arguments
  const specifier = literal(first)
  const name = node.callee.type === 'Identifier' ? node.callee.name : undefined
  if (name === 'Function' || (name === 'eval' && node.type === 'CallExpression')) {
    return node.arguments.length === 0 ? undefined : { reason: `${name === 'eval' ? 'eval()' : 'new Function()'} of code that is made while it runs` }
  }
  if (node.type === 'NewExpression') {
    const file = ownFile(node)
    return file === undefined ? undefined : { specifier: file, mode: 'file', optional: true }
  }
  if (isRequire(node.callee, requires, above)) return specifier === undefined ? { reason: 'require() of something that is not a literal' } : { specifier, mode: 'require', optional: false }
  if (isCreateRequireCall(node) && !isOwnUrl(first)) return { reason: 'createRequire() for another module' }
  if (node.callee.type !== 'MemberExpression' || memberOf(node.callee) !== 'resolve' || specifier === undefined) return undefined
  if (isImportMeta(node.callee.object)) return { specifier, mode: 'import', optional: true }
  return isRequire(node.callee.object, requires, above) ? { specifier, mode: 'require', optional: true } : undefined
}

/** What `new URL('./x', import.meta.url)` is relative to the module. */
function ownFile(node: AnyNode): string | undefined {
  if (memberOf(node) === 'href' && node.type === 'MemberExpression') return ownFile(node.object)
  if (node.type !== 'NewExpression' || node.callee.type !== 'Identifier' || node.callee.name !== 'URL' || !isOwnUrl(node.arguments[1])) return undefined
  return literal(node.arguments[0])
}

function isRequire(callee: AnyNode, requires: ReadonlySet<string>, above: readonly Node[]): boolean {
  if (callee.type !== 'Identifier') return isCreateRequire(callee)
  return requires.has(callee.name) && !(above as readonly AnyNode[]).some((node) => 'params' in node && node.params.some((param) => param.type === 'Identifier' && param.name === callee.name))
}

/** `createRequire(import.meta.url)`, or for the module itself in another way. */
function isCreateRequire(node: AnyNode | null | undefined): boolean {
  return node?.type === 'CallExpression' && isCreateRequireCall(node) && isOwnUrl(node.arguments[0])
}

function isCreateRequireCall({ callee }: CallExpression): boolean {
  return (callee.type === 'Identifier' && callee.name === 'createRequire') || (callee.type === 'MemberExpression' && memberOf(callee) === 'createRequire')
}

function isOwnUrl(node: AnyNode | null | undefined): boolean {
  if (node?.type === 'Identifier') return node.name === '__filename'
  return node?.type === 'MemberExpression' && isImportMeta(node.object) && ['url', 'filename'].includes(memberOf(node) ?? '')
}
