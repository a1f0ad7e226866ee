import type { AnyNode, Node } from 'acorn'

/** A string, or a template without a hole in it. */
export function literal(node: AnyNode | null | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  return node?.type === 'TemplateLiteral' && node.expressions.length === 0 ? (node.quasis[0]?.value.cooked ?? undefined) : undefined
}

export function isImportMeta(node: AnyNode): boolean {
  return node.type === 'MetaProperty' && node.meta.name === 'import'
}

export function memberOf(node: AnyNode): string | undefined {
  return node.type === 'MemberExpression' && node.property.type === 'Identifier' && !node.computed ? node.property.name : undefined
}

/** In the block of a `try`, or with a `catch()` behind it. `above` ends with the node itself. */
export function isGuarded(node: Node, above: readonly Node[]): boolean {
  const nodes = above as readonly AnyNode[]
  if (nodes.some((outer) => outer.type === 'TryStatement' && outer.handler !== null && outer.handler !== undefined && outer.block.start <= node.start && node.end <= outer.block.end)) return true
  for (const outer of nodes.toReversed().slice(1)) {
    if (memberOf(outer) === 'catch') return true
    if (!['MemberExpression', 'CallExpression', 'ChainExpression'].includes(outer.type)) return false
  }
  return false
}
