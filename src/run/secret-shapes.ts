/** What secrets of well-known issuers look like, as the issuers or public scanners of repositories describe them. Each is specific enough not to be met by chance. */
interface SecretShape {
  readonly what: string
  /** One of these is in every text that the pattern matches. They are looked for first: that takes a tenth of the time. */
  readonly needles: readonly string[]
  readonly pattern: RegExp
}

const SHAPES: readonly SecretShape[] = [
  { what: 'a private key', needles: ['PRIVATE KEY'], pattern: /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:(?:(?!-----BEGIN)[\s\S])*?-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----)?/g },
  { what: 'a key of PuTTY', needles: ['PuTTY-User-Key-File-'], pattern: /PuTTY-User-Key-File-[23]: [\s\S]*/g },
  { what: 'an access key of AWS', needles: ['AKIA', 'ASIA'], pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { what: 'a token of GitHub', needles: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'], pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})/g },
  { what: 'a token of GitLab', needles: ['glpat-', 'gldt-', 'glrt-', 'glcbt-', 'glptt-', 'glft-'], pattern: /\bgl(?:pat|dt|rt|cbt|ptt|ft)-[A-Za-z0-9_-]{20,255}/g },
  { what: 'a token of Slack', needles: ['xox'], pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,255}/g },
  { what: 'a key of Stripe', needles: ['k_live_'], pattern: /\b[rs]k_live_[A-Za-z0-9]{16,255}/g },
  { what: 'a key of a model service', needles: ['sk-'], pattern: /\bsk-(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{32,255}/g },
  { what: 'a token of Hugging Face', needles: ['hf_'], pattern: /\bhf_[A-Za-z0-9]{30,255}/g },
  { what: 'a token of npm', needles: ['npm_'], pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { what: 'a token of PyPI', needles: ['pypi-'], pattern: /\bpypi-[A-Za-z0-9_-]{50,1000}/g },
  { what: 'a key of Google', needles: ['AIza'], pattern: /\bAIza[A-Za-z0-9_-]{35}/g },
  { what: 'a key of SendGrid', needles: ['SG.'], pattern: /\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}/g },
  { what: 'a token of DigitalOcean', needles: ['_v1_'], pattern: /\bdo[oprt]_v1_[a-f0-9]{64}\b/g },
  { what: 'a key of Azure storage', needles: ['AccountKey='], pattern: /\bAccountKey=[A-Za-z0-9+/]{40,200}={0,2}/g },
  { what: 'a JSON web token', needles: ['eyJ'], pattern: /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g },
]

/** What takes the place of a secret. */
export const REDACTED = '[redacted]'

/** What kind of well-known secret stands in a text, as `a token of GitHub`; undefined if there is none. Linear in the length of the text. */
export function secretIn(text: string): string | undefined {
  return shapesFor(text).find(({ pattern }) => text.search(pattern) !== -1)?.what
}

/** The text with every well-known secret in it replaced. */
export function withoutShapes(text: string): string {
  return shapesFor(text).reduce((rest, { pattern }) => rest.replace(pattern, REDACTED), text)
}

function shapesFor(text: string): readonly SecretShape[] {
  return SHAPES.filter(({ needles }) => needles.some((needle) => text.includes(needle)))
}
