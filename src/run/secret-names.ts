/** `secret`: what goes by this name is one, whatever it looks like. `likely`: it is one if it looks random. */
export type NameVerdict = 'secret' | 'likely' | 'harmless'

const SURE_WORDS: ReadonlySet<string> = new Set(['secret', 'secrets', 'password', 'passwd', 'passphrase', 'pwd', 'credential', 'credentials', 'apikey', 'authorization', 'bearer', 'cookie'])
/** Words that make a key a secret one. */
const KEY_KINDS: ReadonlySet<string> = new Set(['api', 'access', 'private', 'signing', 'encryption', 'master', 'auth', 'account', 'service', 'deploy', 'ssh', 'license', 'storage'])
/** Tokens of a vocabulary are parameters of training: `--pad-token "<pad>"`. */
const VOCABULARY: ReadonlySet<string> = new Set(['pad', 'eos', 'bos', 'unk', 'sep', 'cls', 'mask', 'start', 'end', 'stop', 'next', 'special', 'image', 'per'])
/** A name that ends in one of these says where a secret is, how long it may be or what it is called, and is none itself. */
const ABOUT: ReadonlySet<string> = new Set(['file', 'path', 'dir', 'folder', 'env', 'name', 'id', 'count', 'limit', 'length', 'len', 'size', 'type', 'ids', 'url', 'uri', 'ttl', 'policy'])
const LIKELY = /key|token|secret|passw|passphrase|credential|auth/i

/** Whether a flag, variable or parameter of this name holds a secret: `HF_TOKEN`, `--apiKey`, `db.password`. */
export function verdictOfName(name: string): NameVerdict {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== '')
  const [before = '', last = ''] = words.length < 2 ? ['', words[0]] : words.slice(-2)
  if (!ABOUT.has(last)) {
    if (words.some((word) => SURE_WORDS.has(word))) return 'secret'
    if (last === 'token' && !VOCABULARY.has(before)) return 'secret'
    if (last === 'key' && KEY_KINDS.has(before)) return 'secret'
  }
  return LIKELY.test(name) ? 'likely' : 'harmless'
}

/** Shorter ones are names and words as a rule. */
const MIN_RANDOM_LENGTH = 16
/** Bits a character. Hexadecimal digits at random have some 3.6 over 32 of them, words and paths of that length less than 3.5 or no digits. */
const MIN_RANDOM_BITS = 3.2

/** Whether a value looks as if a machine had drawn it. */
export function looksRandom(value: string): boolean {
  if (value.length < MIN_RANDOM_LENGTH || /\s/.test(value) || !/[0-9]/.test(value) || !/[A-Za-z]/.test(value)) return false
  // Paths and addresses have more separators than base64 has.
  const separators = value.match(/[/\\.:,@-]/g)?.length ?? 0
  return separators * 10 <= value.length && bitsPerCharacter(value) >= MIN_RANDOM_BITS
}

function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  return [...counts.values()].reduce((bits, count) => bits - (count / text.length) * Math.log2(count / text.length), 0)
}
