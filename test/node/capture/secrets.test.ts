import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { commit, captureOf, git, MadeRepositories, VARIABLES, write } from './made-repositories.ts'

const made = new MadeRepositories()
afterAll(() => made.remove())

/** Put together here, so that scanners of this repository do not take them for real ones. */
const TOKEN = ['ghp', 'q7Zp2Lk9Vx4Rt6Wn8Bc1Md3Sf5Hg0Jy2Ke4U'].join('_')
const KEY = ['-----BEGIN OPENSSH ', 'PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH ', 'PRIVATE KEY-----\n'].join('')
const KEY_BODY = 'b3BlbnNzaC1rZXktdjEAAAAA'
const PLANTED: Readonly<Record<string, string>> = {
  '.env': 'DB=planted-in-dot-env\n', '.env.local': 'DB=planted-in-dot-env-local\n', 'deep/id_ed25519': `planted-by-name ${KEY}`, 'deep/server.pem': 'planted-in-pem', 'deep/app.key': 'planted-in-key',
  'notes.txt': `see ${KEY}`, 'deep/client.mjs': `const token = '${TOKEN}'\n`, 'node_modules/p/index.js': 'planted-in-node-modules', '.varve/x': 'planted-in-varve',
}
const MARKS = ['planted-', KEY_BODY, TOKEN]

function expectNothingPlanted(bytes: Buffer): void {
  expect(bytes.includes('kept-marker')).toBe(true)
  for (const mark of MARKS) expect(bytes.includes(mark), mark).toBe(false)
}

describe('secrets in files', () => {
  it('that are untracked get into no block', async () => {
    const folder = made.make()
    write(folder, { ...PLANTED, 'kept.mjs': 'kept-marker' })
    const { capture, stored, bytes } = await captureOf(folder)
    expect(Object.keys(stored)).toEqual(['kept.mjs', 'train.mjs'])
    expectNothingPlanted(bytes)
    expect(capture.redacted).toEqual(['code:deep/client.mjs', 'code:notes.txt'])
    expect(capture.missing).toContain('notes.txt was not stored: it holds what looks like a private key')
    expect(capture.missing).toContain('deep/client.mjs was not stored: it holds what looks like a token of GitHub')
    expect(capture.missing.find((sentence) => sentence.startsWith('Left out'))?.split(': ')[1]?.split(', ').sort()).toEqual(['.env', '.env.local', 'deep/app.key', 'deep/id_ed25519', 'deep/server.pem'])
  })

  it('that are tracked by a name of the default ignores get into no block either', async () => {
    const folder = made.make({ 'kept.mjs': 'kept-marker' })
    const { 'notes.txt': _notes, 'deep/client.mjs': _client, ...named } = PLANTED
    write(folder, named)
    git(folder, 'add', '-f', '-A')
    commit(folder)
    const { stored, bytes } = await captureOf(folder)
    expect(Object.keys(stored)).toEqual(['kept.mjs'])
    expectNothingPlanted(bytes)
  })

  it('that came with an edit keep the file out, and those that were committed long ago do not', async () => {
    const folder = made.make({ 'kept.mjs': 'kept-marker', 'edited.mjs': 'x', 'fixture.mjs': `const example = '${TOKEN}x'.slice(1)\n` })
    write(folder, { 'edited.mjs': `const token = '${TOKEN}'` })
    const { stored, capture } = await captureOf(folder)
    expect(Object.keys(stored)).toEqual(['fixture.mjs', 'kept.mjs'])
    expect(capture.redacted).toEqual(['code:edited.mjs'])
  })

  it('get into no block outside of git and in submodules', async () => {
    const plain = made.folder()
    write(plain, { ...PLANTED, 'kept.mjs': 'kept-marker', '[odd] *name.txt': KEY })
    const outside = await captureOf(plain)
    expect(Object.keys(outside.stored)).toEqual(['deep', 'kept.mjs'])
    expectNothingPlanted(outside.bytes)
    expect([...outside.capture.redacted].sort()).toEqual(['code:[odd] *name.txt', 'code:deep/client.mjs', 'code:notes.txt'])
    const folder = made.make({ 'kept.mjs': 'kept-marker' })
    git(folder, 'submodule', '--quiet', 'add', made.make(), 'sub')
    write(join(folder, 'sub'), PLANTED)
    const inside = await captureOf(folder)
    expect(Object.keys(inside.stored)).toEqual(['.gitmodules', 'kept.mjs', 'sub/train.mjs'])
    expectNothingPlanted(inside.bytes)
  })
})

describe('secrets around the code', () => {
  it('in the command line, remote addresses and the environment are recorded nowhere', async () => {
    const folder = made.make()
    git(folder, 'remote', 'add', 'origin', `https://ada:${TOKEN}@example.org/r.git`)
    git(folder, 'remote', 'add', 'backup', 'git@example.org:ada/r.git')
    const variables = { ...VARIABLES, NODE_OPTIONS: `--title=${TOKEN}`, MY_PASSWORD: 'hunter2', LANG: 'C', OTHER: 'not recorded', BUILDKITE: 'true', BUILDKITE_BUILD_URL: 'https://u:hunter2@ci.example/1' }
    const { capture } = await captureOf(folder, { argv: ['node', 'train.mjs', '--token', 'hunter2', '--lr', '0.1'], variables, alsoRecord: ['MY_PASSWORD'] })
    const text = JSON.stringify(capture)
    expect(text.includes(TOKEN)).toBe(false)
    expect(text.includes('hunter2')).toBe(false)
    expect(capture.argv).toEqual(['node', 'train.mjs', '--token', '[redacted]', '--lr', '0.1'])
    expect(capture.git?.remotes).toEqual({ origin: 'https://example.org/r.git', backup: 'example.org:ada/r.git' })
    expect(capture.environment).toEqual({ LANG: 'C', MY_PASSWORD: '[redacted]', NODE_OPTIONS: '--title=[redacted]' })
    expect(capture.redacted).toEqual(['argv[3]', 'environment.MY_PASSWORD', 'environment.NODE_OPTIONS', 'git.remotes.origin'])
  })
})
