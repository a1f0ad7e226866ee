import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { chacha8Random, labelledKey } from '../../../src/recipe/random.ts'
import { outputOf, Workshop } from './made-jobs.ts'

const workshop = new Workshop()

describe('a function recipe', () => {
  it('reads its inputs and writes its outputs', async () => {
    const files = { 'b.txt': 'B', 'a/x.txt': 'X', 'a.txt': 'A', 'ü.txt': 'Ü' }
    const progress: unknown[] = []
    const outcome = await workshop.runFunction(
      `const seen = []
       for await (const path of inputs.raw.files()) seen.push(path, Buffer.from(await inputs.raw.read(path)).toString())
       await outputs.out.write('deep/seen.json', JSON.stringify([seen, params, seed, typeof inputs.raw.path, file === undefined]))
       log('saw', seen.length, { of: 'them' })
       progress(1, 2)
       progress(2)`,
      { files, params: { a: { b: 1 } }, onProgress: (...told) => progress.push(told) },
    )
    expect(outcome).toMatchObject({ status: 'succeeded', reason: null, exitCode: 0, signal: null, mathRandomCalls: 0 })
    expect(JSON.parse(await outputOf(outcome, 'deep/seen.json'))).toEqual([['a/x.txt', 'X', 'a.txt', 'A', 'b.txt', 'B', 'ü.txt', 'Ü'], { a: { b: 1 } }, '7', 'string', true])
    expect(await readFile(outcome.stdout, 'utf8')).toBe("saw 8 { of: 'them' }\n")
    expect(await readFile(outcome.stderr, 'utf8')).toBe('')
    expect(progress).toEqual([[1, 2], [2, undefined]])
  })

  it('can change nothing in its parameters, and reach nothing outside of its folders through read and write', async () => {
    const outcome = await workshop.runFunction(
      `const tried = []
       for (const attempt of [() => { params.a.b = 2 }, () => { params.c = 2 }, () => inputs.raw.read('../../code/recipe.mjs'), () => outputs.out.write('../x', ''), () => outputs.out.write('/x', '')]) {
         try { await attempt(); tried.push('worked') } catch (error) { tried.push(error.name) }
       }
       await outputs.out.write('tried.json', JSON.stringify(tried))`,
      { params: { a: { b: 1 } } },
    )
    expect(JSON.parse(await outputOf(outcome, 'tried.json'))).toEqual(['TypeError', 'TypeError', 'UnsafePathError', 'UnsafePathError', 'UnsafePathError'])
  })

  it('takes parameters of any length, which a command does not', async () => {
    const params = { words: 'x'.repeat(300_000) }
    const outcome = await workshop.runFunction(`await outputs.out.write('length', String([params.words.length, process.env.VARVE_PARAMS]))`, { params })
    expect(await outputOf(outcome, 'length')).toBe('300000,')
    await expect(workshop.runCommand(['true'], { params })).rejects.toThrow('The parameters of a command may take 98304 bytes as JSON, not 300012')
  })

  it.each([
    [{ seed: 'a\0b' }, 'the character NUL'],
    [{ inputs: ['raw', '../raw'] }, '"../raw" cannot name an input or output'],
    [{ outputs: ['a-b', 'A_B'] }, 'differ by case'],
    [{ action: { kind: 'function', module: '../recipe.mjs', exportName: 'recipe' } }, 'no path within the folder of the code'],
    [{ action: { kind: 'command', words: [] } }, 'has no words'],
    [{ limits: { timeMs: 0 } }, 'The limit timeMs must be above 0'],
  ] as const)('is not a job with %j', async (options, message) => {
    await expect(workshop.runFunction('', options)).rejects.toThrow(message)
  })

  it('fails with what it throws, and the stack in its log', async () => {
    const outcome = await workshop.runFunction(`console.log('so far'); throw new TypeError('no such column')`)
    expect(outcome).toMatchObject({ status: 'failed', reason: 'TypeError: no such column', exitCode: 1, signal: null })
    expect(await readFile(outcome.stderr, 'utf8')).toMatch(/TypeError: no such column\n\s+at .*recipe\.mjs/)
    expect(await readFile(outcome.stdout, 'utf8')).toBe('so far\n')
  })

  it.each([
    [`setTimeout(() => { throw new Error('thrown aside') }, 1); await new Promise((resolve) => setTimeout(resolve, 5000))`, 'thrown aside'],
    [`Promise.reject(new Error('rejected aside')); await new Promise((resolve) => setTimeout(resolve, 5000))`, 'rejected aside'],
    [`await new Promise(() => {})`, 'run() never settled: it waits for something that nothing is left to bring about'],
    [`throw { plain: 'object' }`, "it threw { plain: 'object' }"],
    [`return { rows: 3 }`, 'run() returned { rows: 3 }, which is kept nowhere: write it to an output, and return nothing'],
    [`outputs.row.write('a', '')`, 'TypeError: there is no output row; it has out'],
    [`await inputs.rwa.read('a.txt')`, 'TypeError: there is no input rwa; it has raw'],
    [`process.exit(0)`, 'its process ended with exit code 0 before run() was done'],
    [`process.kill(process.pid, 'SIGKILL'); await new Promise((resolve) => setTimeout(resolve, 5000))`, 'its process was ended by SIGKILL before run() was done'],
    [`process.send?.({ type: 'done', mathRandomCalls: 0, foreign: [] }); throw new Error('no channel')`, 'no channel'],
  ])('fails on %s', async (body, reason) => {
    expect(await workshop.runFunction(body)).toMatchObject({ status: 'failed', reason })
  })

  it.each([
    ['a write', `for (let at = 0; at < 3; at++) outputs.out.write('f' + at, 'x'.repeat(20_000_000))`, 'run() returned while 3 writes (f0, f1, f2) were not done: await them'],
    ['a read', `inputs.raw.read('a.txt').then((bytes) => outputs.out.write('a.txt', bytes))`, 'run() returned while 1 read (a.txt) was not done: await it'],
    ['a list of files', `(async () => { for await (const path of inputs.raw.files()) await outputs.out.write(path, '') })()`, 'run() returned while 1 read (the list of raw) was not done: await it'],
    ['a callback of forEach', `['a', 'b'].forEach(async (path) => { await inputs.raw.read('a.txt'); await outputs.out.write(path, '') })`, 'run() returned while 2 reads (a.txt, a.txt) were not done: await them'],
    ['what writes a little later', `void new Promise((resolve) => resolve()).then(async () => { for (let at = 0; at < 9; at++) await null; await outputs.out.write('late', '') })`, 'run() wrote late after it had returned: await all that it begins'],
    ['a file that it writes by itself', `const { writeFile } = await import('node:fs/promises'); void writeFile(outputs.out.path + '/big', Buffer.alloc(200_000_000, 1))`, 'run() returned while out/big was still being written: await all that it begins'],
    ['a stream', `const { createWriteStream } = await import('node:fs'); const stream = createWriteStream(outputs.out.path + '/big'); for (let at = 0; at < 200; at++) stream.write(Buffer.alloc(1_000_000, 1)); stream.end()`, 'run() returned while out/big was still being written: await all that it begins'],
    ['what it copies', `const { copyFile, mkdir } = await import('node:fs/promises'); mkdir(outputs.out.path + '/deep').then(() => copyFile(inputs.raw.path + '/a.txt', outputs.out.path + '/deep/copy'))`, 'run() returned while out/deep/copy was still being written: await all that it begins'],
    ['what is rejected, though somebody listens', `process.on('unhandledRejection', () => {}); outputs.out.write('../x', '')`, 'UnsafePathError: The path ../x has a segment ".."'],
    ['a promise that is rejected when it has returned', `process.on('unhandledRejection', () => {}); void Promise.reject(new TypeError('no such column'))`, 'TypeError: no such column'],
  ])('fails if it does not wait for %s', async (_what, body, reason) => {
    expect(await workshop.runFunction(body)).toMatchObject({ status: 'failed', reason })
  })

  it('may leave file operations behind that change no output', async () => {
    const outcome = await workshop.runFunction(`const { readFile, writeFile } = await import('node:fs/promises'); await outputs.out.write('a', 'done'); void readFile(inputs.raw.path + '/a.txt'); void writeFile(process.env.TMPDIR + '/cache', Buffer.alloc(50_000_000, 1))`)
    expect(outcome).toMatchObject({ status: 'succeeded' })
    expect(await outputOf(outcome, 'a')).toBe('done')
  })

  it('has files under their names when they are whole, and nothing of those that could not be written', async () => {
    const outcome = await workshop.runFunction(
      `const { readdirSync, readFileSync } = await import('node:fs')
       const big = 'x'.repeat(50_000_000)
       await outputs.out.write('big', 'before')
       let isDone = false
       const seen = new Set()
       const writing = outputs.out.write('big', big).then(() => { isDone = true })
       while (!isDone) { seen.add(readFileSync(outputs.out.path + '/big').length); await new Promise((resolve) => setImmediate(resolve)) }
       await writing
       const failed = await outputs.out.write('big/deeper', '').catch((error) => error.code)
       await outputs.out.write('seen.json', JSON.stringify([[...seen].filter((length) => length !== 6 && length !== big.length), failed, readdirSync(outputs.out.path)]))`,
    )
    expect(JSON.parse(await outputOf(outcome, 'seen.json'))).toEqual([[], expect.stringMatching(/^(ENOTDIR|EEXIST)$/), ['big']])
  })

  it('is not run if its module cannot be loaded, and its log says where the trouble is', async () => {
    const absent = await workshop.runFunction('', { top: `import './absent.mjs'` })
    expect(absent).toMatchObject({ status: 'failed', reason: expect.stringMatching(/^recipe\.mjs cannot be loaded: .*absent\.mjs/) as string, mathRandomCalls: 0 })
    const thrown = await workshop.runFunction('', { top: `import './thrower.mjs'`, code: { 'thrower.mjs': '\n\nthrow new RangeError("too early")' } })
    expect(thrown).toMatchObject({ status: 'failed', reason: 'recipe.mjs cannot be loaded: too early' })
    expect(await readFile(thrown.stderr, 'utf8')).toMatch(/RangeError: too early\n\s+at .*thrower\.mjs:3/)
  })

  it('leaves nothing that runs on after it is done', async () => {
    const outcome = await workshop.runFunction(`const { createServer } = await import('node:net'); createServer().listen(0); setInterval(() => {}, 1000); await outputs.out.write('a', 'b')`)
    expect(outcome).toMatchObject({ status: 'succeeded' })
  })

  it('may show what it was given, and return what Promise.all gives of its writes', async () => {
    const outcome = await workshop.runFunction(`log(inputs, JSON.stringify(outputs), 'raw' in inputs, inputs?.raw === undefined, await inputs === inputs); return Promise.all(['a', 'b'].map((path) => outputs.out.write(path, path)))`)
    expect(outcome).toMatchObject({ status: 'succeeded' })
    expect(await readFile(outcome.stdout, 'utf8')).toMatch(/raw: \{[^]*"out":\{"path":[^]* true false true\n$/)
  })

  it('draws the same numbers as anyone with the seed, its name and the label', async () => {
    const outcome = await workshop.runFunction(`const random = rng('split'); await outputs.out.write('drawn.json', JSON.stringify([random.nextFloat(), random.nextInt(1000), rng('split').nextFloat(), rng('other').nextFloat()]))`)
    const random = chacha8Random(labelledKey('7', 'test', 'split'))
    const first = random.nextFloat()
    expect(JSON.parse(await outputOf(outcome, 'drawn.json'))).toEqual([first, random.nextInt(1000), first, chacha8Random(labelledKey('7', 'test', 'other')).nextFloat()])
  })

  it('has a Math.random that the seed decides and that is counted', async () => {
    const body = `await outputs.out.write('drawn.json', JSON.stringify([early, Math.random(), Math.random()]))`
    const [first, second, other] = await Promise.all(['7', '7', '8'].map((seed) => workshop.runFunction(body, { seed, top: 'const early = Math.random()' })))
    expect(first).toMatchObject({ status: 'succeeded', mathRandomCalls: 3 })
    const [drawn, again, others] = await Promise.all([first, second, other].map((outcome) => outputOf(outcome as NonNullable<typeof outcome>, 'drawn.json')))
    expect(again).toBe(drawn)
    expect(others).not.toBe(drawn)
    expect((JSON.parse(drawn ?? '') as number[])[0]).toBe(chacha8Random(labelledKey('7', 'test', 'Math.random')).nextFloat())
  })

  it('sees only what it is given of the environment', async () => {
    process.env['VARVE_TEST_SECRET'] = 'planted'
    process.env['NODE_OPTIONS'] = '--no-deprecation'
    try {
      const outcome = await workshop.runFunction(`await outputs.out.write('environment.json', JSON.stringify([process.env, process.argv.length, process.execArgv, process.cwd(), new Date(0).getTimezoneOffset()]))`, { params: { b: 1, a: 'x' } })
      const [environment, ...rest] = JSON.parse(await outputOf(outcome, 'environment.json')) as [Record<string, string>, ...unknown[]]
      const scratch = environment['HOME']?.replace(/.home$/, '') ?? ''
      expect(scratch.startsWith(workshop.parent)).toBe(true)
      expect(environment).toEqual({
        PATH: expect.any(String) as string, TZ: 'UTC', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: '315532800', HOME: `${scratch}/home`, TMPDIR: `${scratch}/tmp`,
        PYTHONHASHSEED: '0', PYTHONDONTWRITEBYTECODE: '1', VARVE_INPUT_RAW: `${scratch}/inputs/raw`, VARVE_OUTPUT_OUT: `${scratch}/outputs/out`, VARVE_PARAMS: '{"a":"x","b":1}', VARVE_SEED: '7',
      })
      expect(rest).toEqual([2, [], `${scratch}/code`, 0])
    } finally {
      delete process.env['VARVE_TEST_SECRET']
      delete process.env['NODE_OPTIONS']
    }
  })
})
