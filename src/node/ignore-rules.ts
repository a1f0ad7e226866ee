import ignore, { type Ignore } from 'ignore'
import { type ByteText, lossyText } from './byte-text.ts'
import { defaultRuleFor } from './default-ignores.ts'

/** The file whose rules hold for the folder it is in and all below. It is data as any other file, and is stored. */
export const IGNORE_FILE_NAME = '.varveignore'

export interface IgnoreOptions {
  /** Rules relative to the top folder. They have the last word, as `--exclude` has in git. */
  readonly ignore?: readonly string[]
  readonly defaultIgnores?: boolean
  readonly ignoreFiles?: boolean
}

/** What the rules say of a path. `defaultRule` is there if it is a default that leaves the path out, and no rule of the user's. */
export type Verdict = { readonly ignored: false } | { readonly ignored: true; readonly defaultRule?: string }

const KEPT: Verdict = { ignored: false }
const IGNORED: Verdict = { ignored: true }
/** Paths such as `.../a` are fine here; a root must not depend on whether a machine folds case. */
const MATCHING = { ignoreCase: false, allowRelativePaths: true }

interface Pattern {
  readonly pattern: string
  /** Re-includes without naming anything: `!*` and its kind. */
  readonly blanket: boolean
}

interface RuleSet {
  readonly usesDefaults: boolean
  readonly readsFiles: boolean
  readonly fromFiles: readonly Pattern[]
  readonly fromOption: readonly Pattern[]
  /** Undefined if there are no patterns. */
  readonly matcher: Ignore | undefined
}

/** The rules for the top folder, before its own ignore file is read. */
export function ignoreRules({ ignore: lines = [], defaultIgnores = true, ignoreFiles = true }: IgnoreOptions): IgnoreRules {
  const fromOption = lines.flatMap((text) => patternsOf(text, ''))
  return new IgnoreRules({ usesDefaults: defaultIgnores, readsFiles: ignoreFiles, fromFiles: [], fromOption, matcher: compile(fromOption) })
}

/**
 * The rules for one folder: gitignore semantics (https://git-scm.com/docs/gitignore), case-sensitive everywhere. Of all rules that match a path the
 * last decides: first the defaults, then `.varveignore` files from the top down, then the option. What lies in a folder that is left out is
 * not looked at, so it cannot be brought back. `!*` and its kind do not bring back what a default leaves out: that takes a pattern with a
 * name in it.
 *
 * Names that are not UTF-8 are matched as their lossy text.
 */
export class IgnoreRules {
  readonly #set: RuleSet
  /** Without blanket patterns; made when a default is contested, which is rare. */
  #named: Ignore | undefined

  constructor(set: RuleSet) {
    this.#set = set
  }

  get readsFiles(): boolean {
    return this.#set.readsFiles
  }

  /**
   * The rules for a folder below, or for the top itself. `prefix` is its path from the top with a `/` at its end, or empty; `file` the text
   * of the ignore file in it.
   */
  inFolder(prefix: ByteText, file: string | undefined): IgnoreRules {
    const { fromFiles, fromOption, matcher } = this.#set
    if (file !== undefined) {
      const patterns = [...fromFiles, ...patternsOf(file, lossyText(prefix))]
      return new IgnoreRules({ ...this.#set, fromFiles: patterns, matcher: compile([...patterns, ...fromOption]) })
    }
    if (matcher === undefined) return this
    // The package keeps every path that it was asked about. A copy for each folder, which shares the compiled rules, bounds that.
    return new IgnoreRules({ ...this.#set, matcher: ignore(MATCHING).add(matcher) })
  }

  /** @param prefix path of the folder that these rules are for, with a `/` at its end, or empty */
  verdict(prefix: ByteText, name: ByteText, isFolder: boolean): Verdict {
    const { usesDefaults, matcher } = this.#set
    const defaultRule = usesDefaults ? defaultRuleFor(name) : undefined
    if (matcher === undefined) return defaultRule === undefined ? KEPT : { ignored: true, defaultRule }
    const path = lossyText(`${prefix}${name}${isFolder ? '/' : ''}` as ByteText)
    const { ignored, unignored } = matcher.test(path)
    if (ignored) return IGNORED
    if (defaultRule === undefined || (unignored && this.#isNamed(path))) return KEPT
    return { ignored: true, defaultRule }
  }

  /** True if the path is brought back by a pattern that is more than stars. */
  #isNamed(path: string): boolean {
    const { fromFiles, fromOption } = this.#set
    this.#named ??= ignore(MATCHING).add([...fromFiles, ...fromOption].filter(({ blanket }) => !blanket))
    return this.#named.test(path).unignored
  }
}

function compile(patterns: readonly Pattern[]): Ignore | undefined {
  return patterns.length === 0 ? undefined : ignore(MATCHING).add(patterns)
}

/** The patterns in the text of an ignore file, so written that they mean the same from the top as from the folder that the file is in. */
function patternsOf(text: string, prefix: string): Pattern[] {
  const scope = prefix.replace(/[\\*?[\]!# ]/g, '\\$&')
  return text.split(/\r?\n/).flatMap((line) => {
    const pattern = trimSpaces(line)
    if (pattern === '' || pattern.startsWith('#')) return []
    const blanket = /^![*?/]+$/.test(pattern)
    if (scope === '') return [{ pattern, blanket }]
    const negative = pattern.startsWith('!')
    const body = (negative ? pattern.slice(1) : pattern).replace(/^\\(?=[!#])/, '')
    // Only a slash before the end ties a pattern to its folder.
    const tied = body.slice(0, -1).includes('/')
    return [{ pattern: `${negative ? '!' : ''}${scope}${tied ? '' : '**/'}${body.replace(/^\//, '')}`, blanket }]
  })
}

/** Without spaces at the end, but for one that a backslash protects. */
function trimSpaces(line: string): string {
  let end = line.length
  while (end > 0 && line[end - 1] === ' ' && line[end - 2] !== '\\') end--
  return line.slice(0, end)
}
