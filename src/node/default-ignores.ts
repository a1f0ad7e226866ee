import type { ByteText } from './byte-text.ts'

/** Rules of one subject, in the syntax of gitignore: a name, `prefix*` or `*suffix`, which hold at any depth, for files and folders. */
export interface DefaultIgnores {
  readonly why: string
  readonly rules: readonly string[]
}

/**
 * What is left out of a dataset unless a `.varveignore` file brings it back (`!name`) or the defaults are off. Each path that one of these
 * leaves out is reported, so nothing is lost silently. A name belongs here only if a file so named is almost surely no data, and storing it
 * does harm: a dataset keeps what it was given for ever, and is made to be shared. Certificates (`*.crt`), encrypted files (`*.gpg`,
 * and `*.asc`, which is also a format of elevation data), editor backups and `.DS_Store` are therefore not here.
 */
export const DEFAULT_IGNORES: readonly DefaultIgnores[] = [
  { why: 'Repositories hold histories of their own, and a checkout refuses their names: their configuration can run programs.', rules: ['.git', '.varve'] },
  { why: 'Installed packages can be installed again, from a lock file that is stored.', rules: ['node_modules'] },
  { why: 'Passwords and tokens, and Python environments under the same name.', rules: ['.env*'] },
  { why: 'Private keys of SSH, by the names that ssh-keygen gives them.', rules: ['id_rsa', 'id_dsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'] },
  { why: 'Private keys by format: PEM, PKCS #8, PKCS #12, PuTTY, Java.', rules: ['*.pem', '*.key', '*.p8', '*.p12', '*.pfx', '*.ppk', '*.keystore', '*.jks'] },
]

const rules: readonly string[] = DEFAULT_IGNORES.flatMap((group) => group.rules)
const names: ReadonlySet<string> = new Set(rules.filter((rule) => !rule.includes('*')))
const prefixes: readonly string[] = rules.filter((rule) => rule.endsWith('*')).map((rule) => rule.slice(0, -1))
/** By the characters after the last dot, since every suffix is an extension. */
const extensions: ReadonlySet<string> = new Set(rules.filter((rule) => rule.startsWith('*.')).map((rule) => rule.slice(2)))

/** The default rule that a name falls under, if any. Asks sets, not patterns: it is called for every name in a folder. */
export function defaultRuleFor(name: ByteText): string | undefined {
  if (names.has(name)) return name
  const dot = name.lastIndexOf('.')
  if (dot === -1) return undefined
  const extension = name.slice(dot + 1)
  if (extensions.has(extension)) return `*.${extension}`
  if (!name.startsWith('.')) return undefined
  const prefix = prefixes.find((start) => name.startsWith(start))
  return prefix === undefined ? undefined : `${prefix}*`
}

const NO_SECRETS: ReadonlySet<string> = new Set(['.git', '.varve', 'node_modules'])

/** The default rule that a name falls under, if it is one that keeps passwords and keys out. */
export function secretRuleFor(name: ByteText): string | undefined {
  const rule = defaultRuleFor(name)
  return rule === undefined || NO_SECRETS.has(rule) ? undefined : rule
}
