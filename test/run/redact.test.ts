import { describe, expect, it } from 'vitest'
import { redactArguments, redactRemote, redactText, redactVariables } from '../../src/run/redact.ts'
import { looksRandom, verdictOfName } from '../../src/run/secret-names.ts'
import { secretIn } from '../../src/run/secret-shapes.ts'

/** Put together here, so that scanners of this repository do not take them for real ones. */
const of = (...parts: readonly string[]): string => parts.join('')
const RANDOM_36 = 'q7Zp2Lk9Vx4Rt6Wn8Bc1Md3Sf5Hg0Jy2Ke4U'
const TOKENS: Readonly<Record<string, string>> = {
  'an access key of AWS': of('AKIA', 'IOSFODNN7EXAMPLE'),
  'a token of GitHub': of('ghp', '_', RANDOM_36),
  'a token of GitLab': of('glpat', '-', RANDOM_36.slice(0, 20)),
  'a token of Slack': of('xoxb', '-123456789012-', RANDOM_36.slice(0, 24)),
  'a key of Stripe': of('sk_', 'live_', RANDOM_36.slice(0, 24)),
  'a key of a model service': of('sk', '-proj-', RANDOM_36),
  'a token of Hugging Face': of('hf', '_', RANDOM_36.slice(0, 34)),
  'a token of npm': of('npm', '_', RANDOM_36),
  'a token of PyPI': of('pypi', '-', RANDOM_36, RANDOM_36),
  'a key of Google': of('AIza', RANDOM_36.slice(0, 35)),
  'a key of SendGrid': of('SG', '.', RANDOM_36.slice(0, 22), '.', RANDOM_36, RANDOM_36.slice(0, 7)),
  'a token of DigitalOcean': of('dop', '_v1_', 'ab12'.repeat(16)),
  'a key of Azure storage': of('Account', 'Key=', RANDOM_36, RANDOM_36.slice(0, 10), '=='),
  'a JSON web token': of('eyJ', 'hbGciOiJIUzI1NiJ9', '.eyJ', 'zdWIiOiIxMjM0NTY3ODkwIn0', '.', RANDOM_36),
  'a private key': of('-----BEGIN OPENSSH ', 'PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH ', 'PRIVATE KEY-----'),
  'a key of PuTTY': of('PuTTY-User-Key-', 'File-3: ssh-ed25519\nPrivate-Lines: 1\n', RANDOM_36),
}

describe('secrets of well-known shapes', () => {
  it.each(Object.entries(TOKENS))('%s is found wherever it stands', (what, token) => {
    expect(secretIn(`before ${token}`)).toBe(what)
    expect(redactText(`before ${token}`)).toBe('before [redacted]')
    expect(redactArguments(['node', 'train.mjs', `note:${token}`])).toEqual({ value: ['node', 'train.mjs', 'note:[redacted]'], where: ['argv[2]'] })
  })

  it('are not seen in code and in words', () => {
    const text = 'const sk-learn-model = sk-convolutional-neural-network-architecture; hf_home; npm_config_registry; -----BEGIN PUBLIC KEY----- AKIA; eyJ'
    expect(secretIn(text)).toBeUndefined()
    expect(redactText(text)).toBe(text)
  })

  it('take time in proportion to the length of the text', () => {
    const text = '-----BEGIN PRIVATE KEY-----'.repeat(20_000) + 'sk-'.repeat(50_000) + 'a@'.repeat(50_000) + '://'.repeat(50_000) + 'https://'.repeat(30_000)
    const started = performance.now()
    redactText(text)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('a command line', () => {
  it('loses what follows a flag that names a secret', () => {
    const words = ['node', 'train.mjs', '--token', 'x', '--password=y', '--api-key', 'z', 'HF_TOKEN=w', '--dbPassword', 'v', '--lr', '0.1']
    expect(redactArguments(words)).toEqual({
      value: ['node', 'train.mjs', '--token', '[redacted]', '--password=[redacted]', '--api-key', '[redacted]', 'HF_TOKEN=[redacted]', '--dbPassword', '[redacted]', '--lr', '0.1'],
      where: ['argv[3]', 'argv[4]', 'argv[6]', 'argv[7]', 'argv[9]'],
    })
  })

  it('keeps the parameters of training', () => {
    const words = [
      'node', 'train.mjs', '--max-tokens', '512', '--pad-token', '<pad>', '--eos_token=</s>', '--sort-key', 'created', '--token-count=10000', '--password-file', '/run/secrets/db',
      '--tokenizer', 'bpe-32k-cased-v2', '--key', 'features/train/0001', '--token', '--verbose', '--monkey=1', '-k', '5', '--use-auth-token=false', 'C:\\data\\key',
    ]
    expect(redactArguments(words)).toEqual({ value: words, where: [] })
  })

  it('loses what looks random under a name that may be one of a secret', () => {
    expect(redactArguments(['--key', RANDOM_36, `--authenticator=${RANDOM_36}`, '--run', RANDOM_36])).toEqual({ value: ['--key', '[redacted]', '--authenticator=[redacted]', '--run', RANDOM_36], where: ['argv[1]', 'argv[2]'] })
  })

  it('loses passwords in addresses, in headers and of --user', () => {
    const words = ['--db', 'postgres://ada:lovelace@db.example/x', '-H', 'Authorization: Bearer abcdefgh12345', '--user', 'ada:lovelace', 'https://example.org/a?sig=1&access_token=abc&n=2', 'Server=db;Password=lovelace;Port=5']
    expect(redactArguments(words, 'command')).toEqual({
      value: [
        '--db', 'postgres://[redacted]@db.example/x', '-H', 'Authorization:[redacted]', '--user', 'ada:[redacted]', 'https://example.org/a?sig=1&access_token=[redacted]&n=2',
        'Server=db;Password=[redacted];Port=5',
      ],
      where: ['command[1]', 'command[3]', 'command[5]', 'command[6]', 'command[7]'],
    })
  })
})

describe('variables', () => {
  it('are redacted by name and by value', () => {
    const given = { HF_TOKEN: 'x', SSH_KEY: RANDOM_36, MODEL_KEY: 'resnet', DATABASE: 'redis://:pw@cache/0', NODE_ENV: 'test', PROXY: of('ghp', '_', RANDOM_36), EMPTY_TOKEN: '' }
    expect(redactVariables(given)).toEqual({
      value: { HF_TOKEN: '[redacted]', SSH_KEY: '[redacted]', MODEL_KEY: 'resnet', DATABASE: 'redis://[redacted]@cache/0', NODE_ENV: 'test', PROXY: '[redacted]', EMPTY_TOKEN: '' },
      where: ['environment.HF_TOKEN', 'environment.SSH_KEY', 'environment.DATABASE', 'environment.PROXY'],
    })
  })
})

describe('remotes', () => {
  it.each([
    ['https://ada:lovelace@example.org/r.git', 'https://example.org/r.git', true],
    ['https://token-alone@example.org/r.git', 'https://example.org/r.git', true],
    ['ssh://git@example.org:22/r.git', 'ssh://example.org:22/r.git', false],
    ['ssh://git:lovelace@example.org/r.git', 'ssh://example.org/r.git', true],
    ['git@example.org:ada/r.git', 'example.org:ada/r.git', false],
    ['/srv/git/a@b/r.git', '/srv/git/a@b/r.git', false],
    ['../ada@home:r.git', '../ada@home:r.git', false],
    ['https://example.org/r.git?private_token=abc', 'https://example.org/r.git?private_token=[redacted]', true],
    ['https://example.org/r.git', 'https://example.org/r.git', false],
  ])('%s is kept as %s', (address, value, isSecret) => {
    expect(redactRemote(address)).toEqual({ value, isSecret })
  })
})

describe('names', () => {
  it.each([
    ['HF_TOKEN', 'secret'], ['awsSecretAccessKey', 'secret'], ['AWS_ACCESS_KEY_ID', 'likely'], ['GITHUB_TOKEN', 'secret'], ['api_key', 'secret'], ['APIKEY', 'secret'],
    ['max_tokens', 'likely'], ['pad_token', 'likely'], ['passwordFile', 'likely'], ['KEYBOARD', 'likely'], ['lr', 'harmless'], ['', 'harmless'],
  ])('%s is %s', (name, verdict) => {
    expect(verdictOfName(name)).toBe(verdict)
  })

  it('look random or do not', () => {
    for (const value of [RANDOM_36, 'd41d8cd98f00b204e9800998ecf8427e', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY']) expect(looksRandom(value), value).toBe(true)
    for (const value of ['short1', 'features/train/0001-a/b', 'resnet-50-v2-large-patch', 'aaaaaaaaaaaaaaaaaaaaaaa1', 'all letters and 1 space', 'justlongletterswithoutdigits']) expect(looksRandom(value), value).toBe(false)
  })
})
