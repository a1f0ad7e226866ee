import { looksRandom, verdictOfName } from './secret-names.ts'
import { REDACTED, withoutShapes } from './secret-shapes.ts'

/** Something without the secrets that were found in it, and where they were: `argv[3]`. */
export interface Redacted<T> {
  readonly value: T
  readonly where: readonly string[]
}

/** `scheme://user:password@host`. Bounded, so that no text makes it slow. */
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s/?#@]{1,1000})@/gi
/** Parameters of an address, and settings in a text: `?sig=…`, `Password=…;`. */
const SETTING = /([?&;]|^)([A-Za-z][\w.-]{0,60})=([^&;\s#]{1,4000})/g
const AUTHORIZATION = /\b(Bearer|Basic)(\s+)[A-Za-z0-9._~+/=-]{8,}/gi
/** `git@host:path`, which is no address by the rules. */
const SCP_USER = /^[^/\s:@]{1,200}@(?=[^/\s:@]+:)/

/** The text without well-known secrets, passwords in addresses, and settings whose name says that they are secret. Whatever else it says is left as it is. */
export function redactText(text: string): string {
  return withoutShapes(text)
    .replace(URL_CREDENTIALS, `$1${REDACTED}@`)
    .replace(AUTHORIZATION, `$1$2${REDACTED}`)
    .replace(SETTING, (whole, before: string, name: string, value: string) => (isSecret(name, value) ? `${before}${name}=${REDACTED}` : whole))
}

/**
 * A command line. Secret is the value of a flag whose name says so (`--token x`, `--password=x`, `API_KEY=x`), the password of `--user name:password`, and what
 * `redactText` finds.
 * @param label what places are named by: `argv` gives `argv[3]`
 */
export function redactArguments(words: readonly string[], label: string = 'argv'): Redacted<readonly string[]> {
  const where: string[] = []
  const value = words.map((word, index) => {
    const clean = redactWord(word, words[index - 1])
    if (clean !== word) where.push(`${label}[${index}]`)
    return clean
  })
  return { value, where }
}

function redactWord(word: string, before: string | undefined): string {
  const flag = before === undefined ? undefined : /^--?([A-Za-z][\w.-]*)$/.exec(before)?.[1]
  if (flag !== undefined && !word.startsWith('--')) {
    if (isSecret(flag, word)) return REDACTED
    if (flag === 'u' || flag === 'user') return redactText(word.replace(/^([^:\s]+):[^:].*$/s, `$1:${REDACTED}`))
  }
  const setting = /^((?:--?)?([A-Za-z][\w.-]*)[=:])(.+)$/s.exec(word)
  if (setting !== null && !/^[A-Za-z]:[\\/]/.test(word)) {
    const [, start = '', name = '', value = ''] = setting
    if (!value.startsWith('//') && isSecret(name, value)) return `${start}${REDACTED}`
  }
  return redactText(word)
}

/** Variables. Places are `environment.NAME`. */
export function redactVariables(variables: Readonly<Record<string, string>>, label: string = 'environment'): Redacted<Readonly<Record<string, string>>> {
  const where: string[] = []
  const clean = Object.entries(variables).map(([name, value]) => {
    const kept = isSecret(name, value) ? REDACTED : redactText(value)
    if (kept !== value) where.push(`${label}.${name}`)
    return [name, kept] as const
  })
  return { value: Object.fromEntries(clean), where }
}

/**
 * The address of a remote repository without user name and password: `https://ada:x@host/r` and `ada@host:r` become `https://host/r` and `host:r`. A user name alone, but for
 * http, where it can be a token, is no secret and is not reported.
 */
export function redactRemote(address: string): { readonly value: string; readonly isSecret: boolean } {
  let isReported = false
  const bare = address.replace(URL_CREDENTIALS, (_whole, scheme: string, user: string) => {
    if (user.includes(':') || /^https?:/i.test(scheme)) isReported = true
    return scheme
  })
  const value = redactText(bare.includes('://') ? bare : bare.replace(SCP_USER, ''))
  return { value, isSecret: isReported || value.includes(REDACTED) }
}

function isSecret(name: string, value: string): boolean {
  // What stands for a value elsewhere is none.
  if (/^\{[^{}]*\}$/.test(value)) return false
  const verdict = verdictOfName(name)
  if (value === '' || value === REDACTED || verdict === 'harmless') return false
  return verdict === 'secret' ? !/^(true|false|null|none)$/i.test(value) : looksRandom(value)
}
