import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { describe, expect, it, onTestFinished } from 'vitest'
import { VERBS } from '../src/cli/verbs.ts'

const README = readFileSync('README.md', 'utf8')
const TOP = 'varve'

interface Block {
  readonly section: string
  readonly language: string
  readonly text: string
}

const blocks: readonly Block[] = [...README.matchAll(/^(#{1,2}) ([^\n]+)$|^```(\w+)\n([\s\S]*?)^```$/gm)].reduce<{ section: string; found: Block[] }>(
  (all, [, , heading, language, text]) => {
    if (heading !== undefined) all.section = heading.replace(/:.*/, '')
    else if (language !== undefined && text !== undefined) all.found.push({ section: all.section, language, text })
    return all
  },
  { section: '', found: [] },
).found

/** What is to be run in a clone of this repository, and is, by CI. */
const IN_A_CLONE = 'Try it'
const EXAMPLES = ['In a training script', 'Recipes', 'Runs and models', 'Remotes', TOP]

const hasPython = spawnSync('python3', ['--version']).status === 0

/** A folder as after `npm install varve zod`, with `varve` in the search path. */
function newcomer(): { readonly cwd: string; readonly PATH: string } {
  const place = mkdtempSync(join(tmpdir(), 'varve-readme-'))
  onTestFinished(() => rmSync(place, { recursive: true, force: true, maxRetries: 5 }))
  const cwd = join(place, 'project')
  mkdirSync(join(cwd, 'node_modules'), { recursive: true })
  symlinkSync(resolve('.'), join(cwd, 'node_modules/varve'), 'junction')
  symlinkSync(resolve('node_modules/zod'), join(cwd, 'node_modules/zod'), 'junction')
  const bin = join(place, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'varve'), `#!/bin/sh\nexec '${process.execPath}' '${resolve('dist/cli.js')}' "$@"\n`)
  writeFileSync(join(bin, 'npx'), '#!/bin/sh\nexec "$@"\n')
  for (const name of ['varve', 'npx']) chmodSync(join(bin, name), 0o755)
  return { cwd, PATH: [bin, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter) }
}

/** Does what a section says, from top to bottom: writes the files that begin with their name, and runs the rest. @returns what each block printed */
async function follow(section: string, { cwd, PATH }: ReturnType<typeof newcomer>, replaced: readonly (readonly [string | RegExp, string])[] = []): Promise<readonly string[]> {
  const printed: string[] = []
  for (const { language, text } of blocks.filter((block) => block.section === section)) {
    const [, file] = /^(?:\/\/|#) ([\w./-]+\.(?:mjs|py|yaml))\b/.exec(text) ?? []
    if (file !== undefined) {
      mkdirSync(dirname(join(cwd, file)), { recursive: true })
      writeFileSync(join(cwd, file), text)
    } else if (language === 'js') {
      writeFileSync(join(cwd, 'from-the-readme.mjs'), text)
      printed.push(await run(process.execPath, ['from-the-readme.mjs'], cwd, PATH))
    } else {
      const commands = language === 'console' ? [...text.matchAll(/^\$ (.*)$/gm)].map(([, command]) => command ?? '') : text.split('\n')
      const script = commands.map((command) => command.replace(/ {2,}#.*$/, '')).map((command) => (command.startsWith('varve check ') ? `${command} || test $? = 1` : command)).join('\n')
      printed.push(await run('/bin/sh', ['-ec', replaced.reduce((so, [from, to]) => so.replaceAll(from, to), script)], cwd, PATH))
    }
  }
  return printed
}

function run(program: string, args: readonly string[], cwd: string, PATH: string): Promise<string> {
  const { VARVE_REPO: _repo, VARVE_AUTHOR: _author, ...environment } = process.env
  return new Promise((settle, fail) => {
    execFile(program, args, { cwd, env: { ...environment, PATH } }, (error, stdout, stderr) => (error === null ? settle(stdout) : fail(new Error(`${error.message}\n${stdout}\n${stderr}`, { cause: error }))))
  })
}

describe.skipIf(process.platform === 'win32')('the README, followed to the letter in a new folder', () => {
  it('has no example that nothing here follows', () => {
    expect(new Set(blocks.map(({ section }) => section))).toEqual(new Set([...EXAMPLES, IN_A_CLONE]))
  })

  it('its first page gives the root that it shows', async () => {
    const project = newcomer()
    mkdirSync(join(project.cwd, 'data'))
    const [, made] = /made by `(printf [^`]+)`/.exec(README) ?? []
    await run('/bin/sh', ['-ec', `${made ?? ''} > data/labels.csv`], project.cwd, project.PATH)
    const [first, second] = await follow(TOP, project)
    const [, root] = /^root +(\S+)$/m.exec(README) ?? []
    expect(first).toContain(`root      ${root ?? 'none'}\n`)
    expect(first).toContain('data: 1 file, 8 B in ')
    expect(second).toMatch(/^[~M] .*labels\.csv/m)
    expect(readFileSync(join(project.cwd, 'before/labels.csv'), 'utf8')).toBe('x,y\n1,2\n')
  }, 60_000)

  it('a training script pins its data', async () => {
    const project = newcomer()
    mkdirSync(join(project.cwd, 'data/train'), { recursive: true })
    writeFileSync(join(project.cwd, 'data/labels.csv'), '1')
    writeFileSync(join(project.cwd, 'data/train/0.txt'), '22')
    expect(await follow('In a training script', project)).toEqual([expect.stringMatching(/^training on bafy\w+\ntrain\/0\.txt 2\n$/)])
  }, 60_000)

  it.skipIf(!hasPython)('recipes are run, remembered, dropped, made again and verified', async () => {
    const project = newcomer()
    const [, commands] = await follow('Recipes', project)
    expect(commands).toContain('daily/features')
    // Most of it was dropped on the way.
    const cat = (path: string): Promise<string> => run('varve', ['cat', '--reconstruct', path], project.cwd, project.PATH)
    expect([await cat('daily/features:DE-berlin.csv'), await cat('by-country/FR/rows:FR-paris.csv'), await cat('rows:DE-berlin.csv'), await cat('first-days:FR-paris.csv')]).toEqual(['4.0', '2026-01-01,8.5\n2026-01-02,7.5', expect.stringContaining('-99'), '2026-01-01,8.5'])
  }, 180_000)

  it.skipIf(!hasPython)('runs are recorded, compared, registered, checked and run again, in Python and from a program', async () => {
    const project = newcomer()
    const [, commands = ''] = await follow('Runs and models', project)
    expect(commands).toContain('lr = 0.1   from --set\n  instead of 0.01 from conf.yaml:2\n')
    expect(commands).toMatch(/^train#2 and train#4: identical$/m)
    expect(commands).toMatch(/^├─ weights of: artifact model of train#2$/m)
    expect(await run('varve', ['model', 'list'], project.cwd, project.PATH)).toMatch(/^digits@2 .*train#5.*\ndigits@1 {2}production {2}train#2 /)
  }, 180_000)

  it('two colleagues share a repository', async () => {
    const project = newcomer()
    mkdirSync(join(project.cwd, 'data'))
    writeFileSync(join(project.cwd, 'data/labels.csv'), '1')
    await run('varve', ['snapshot', 'data', '--ref', 'mnist/raw'], project.cwd, project.PATH)
    // The buckets of the example belong to nobody.
    await follow('Remotes', project, [[/"s3:[^"]+"/g, join(dirname(project.cwd), 'shared')]])
    expect(await run('varve', ['log', '--repo', 'shared', 'mnist/raw'], dirname(project.cwd), project.PATH)).toContain('labels corrected')
  }, 120_000)
})

describe('the README names', () => {
  it('no verb and no option that there is not', async () => {
    const options = new Map<string, ReadonlySet<string>>()
    for (const { name, load } of VERBS) {
      const command = new Command(name)
      ;(await load()).verb.configure(command)
      options.set(name, new Set(command.options.flatMap(({ short, long }) => [short ?? '', long ?? ''])))
    }
    const shared = new Set(['--repo', '--json', '--quiet', '-q', '--reconstruct', '--help', '--version'])
    const wrong: string[] = []
    let seen = 0
    for (const [, line = ''] of [...README.matchAll(/`varve ([^`\n]+)`/g), ...blocks.flatMap(({ text }) => [...text.matchAll(/(?:^|&& |\$ )varve ([^#\n&]+)/gm)])]) {
      const [verb = '', ...words] = line.split(' -- ')[0]?.split(/[\s[\]|\\()]+/) ?? []
      const known = options.get(verb)
      seen++
      if (known === undefined) wrong.push(verb)
      else wrong.push(...words.filter((word) => /^--?[a-z]/.test(word) && !known.has(word) && !shared.has(word)).map((word) => `${verb} ${word}`))
    }
    expect(wrong).toEqual([])
    expect(seen).toBeGreaterThan(60)
  })
})
