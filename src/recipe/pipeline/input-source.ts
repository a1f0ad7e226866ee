/** An input as it is written: `parse.rows`, `features@DE.table`, or a revision. */
export type WrittenSource =
  | { readonly kind: 'revision'; readonly revision: string }
  | { readonly kind: 'output'; readonly base: string; readonly item: string | null; readonly output: string }

const OUTPUT = /^([^/:~@.\s]+)(?:@([^/:~\s]+))?\.([^/:~@.,\s]+)$/u

/** To be added to a problem with what may have been meant as a ref. */
export const REVISION_HINT = 'if a ref is meant, add "~0" to it'

/**
 * Two names with a dot between them, and without a slash, are an output of a step; everything else is a revision. `mnist@v1.2` is the tag of a ref unless a step is called `mnist`.
 */
export function readInputSource(text: string, isStep: (name: string) => boolean): WrittenSource {
  const [match, base, item, output] = OUTPUT.exec(text) ?? []
  if (match === undefined || base === undefined || output === undefined || (item !== undefined && !isStep(base))) return { kind: 'revision', revision: text }
  return { kind: 'output', base, item: item ?? null, output }
}
