import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BoundedLog, LOG_PART_BYTES } from '../../../src/node/execution/bounded-log.ts'
import { outputOf, Workshop } from './made-jobs.ts'

const workshop = new Workshop()

describe('a command recipe', () => {
  it('gets its folders, parameters and seed as words, and as variables', async () => {
    const outcome = await workshop.runCommand(
      ['sh', './run.sh', '{inputs.raw}', '{outputs.out}', '{params.a.b}', 'n={params.n} seed={seed}', '{{not}}', '$(id) *'],
      {
        params: { a: { b: 'two words' }, n: [1, { z: true }] },
        code: { 'run.sh': 'set -e\ncp "$1/a.txt" "$2/copy.txt"\nshift 2\nfor word; do echo "$word"; done > "$VARVE_OUTPUT_OUT/words.txt"\ncmp "$VARVE_INPUT_RAW/a.txt" "$VARVE_OUTPUT_OUT/copy.txt"\necho "$VARVE_PARAMS $VARVE_SEED $PWD"\necho problem >&2' },
      },
    )
    expect(outcome).toMatchObject({ status: 'succeeded', reason: null, exitCode: 0, signal: null, mathRandomCalls: null })
    expect(await outputOf(outcome, 'words.txt')).toBe('two words\nn=[1,{"z":true}] seed=7\n{not}\n$(id) *\n')
    expect(await outputOf(outcome, 'copy.txt')).toBe('a')
    expect(await readFile(outcome.stdout, 'utf8')).toMatch(/^\{"a":\{"b":"two words"\},"n":\[1,\{"z":true\}\]\} 7 .*\/code\n$/)
    expect(await readFile(outcome.stderr, 'utf8')).toBe('problem\n')
  })

  it.each([
    ['{inputs.other}', 'placeholder {inputs.other}'], ['{params.a.c}', 'placeholder {params.a.c}'], ['{params}', 'placeholder {params}'], ['{__proto__}', 'placeholder {__proto__}'],
    ['{params.constructor}', 'placeholder {params.constructor}'], ['}', 'a lone }'], ['{"json": 1}', 'placeholder {"json": 1}'], ['{inputs.raw', 'a lone {'],
  ])('is not started with %s', async (word, message) => {
    await expect(workshop.runCommand(['touch', '{outputs.out}/started', word], { params: { a: { b: 1 } } })).rejects.toThrow(message)
  })

  it.each([
    [['sh', '-c', 'exit 3'], 'the command ended with exit code 3', 3, null],
    [['sh', '-c', 'kill -TERM $$'], 'the command was ended by SIGTERM', null, 'SIGTERM'],
    [['no-such-program', 'x'], 'no-such-program was not found: it is neither on the search path nor, with its path, in the code folder', null, null],
    [['./plain.txt'], './plain.txt may not be executed', null, null],
  ])('%j fails', async (words, reason, exitCode, signal) => {
    expect(await workshop.runCommand(words, { code: { 'plain.txt': '' } })).toMatchObject({ status: 'failed', reason, exitCode, signal })
  })

  it('has no input to wait for, and no secret of this process', async () => {
    process.env['VARVE_TEST_SECRET'] = 'planted'
    try {
      const outcome = await workshop.runCommand(['sh', '-c', 'cat; env > "$VARVE_OUTPUT_OUT/env"'])
      const names = (await outputOf(outcome, 'env')).split('\n').map((line) => line.split('=')[0]).filter((name) => name !== '' && !['PWD', '_', 'SHLVL', 'OLDPWD'].includes(name ?? ''))
      expect(new Set(names)).toEqual(new Set(['HOME', 'LANG', 'LC_ALL', 'PATH', 'PYTHONDONTWRITEBYTECODE', 'PYTHONHASHSEED', 'SOURCE_DATE_EPOCH', 'TMPDIR', 'TZ', 'VARVE_INPUT_RAW', 'VARVE_OUTPUT_OUT', 'VARVE_PARAMS', 'VARVE_SEED']))
    } finally {
      delete process.env['VARVE_TEST_SECRET']
    }
  })

  it('has the beginning and the end of huge output logged, and all of it handed on', async () => {
    let handed = 0
    const outcome = await workshop.runCommand(['sh', '-c', 'echo first; head -c 20000000 /dev/zero | tr "\\0" x; echo; echo last'], { onOutput: (_stream, text) => void (handed += text.length) })
    expect(outcome.status).toBe('succeeded')
    expect(handed).toBe(6 + 20_000_000 + 1 + 5)
    const log = await readFile(outcome.stdout, 'latin1')
    expect(log.startsWith('first\nxxx')).toBe(true)
    expect(log.endsWith('xxx\nlast\n')).toBe(true)
    expect(Buffer.from(log, 'latin1').toString()).toContain(`\n[… ${handed - 2 * LOG_PART_BYTES} bytes left out …]\n`)
    expect((await stat(outcome.stdout)).size).toBeLessThan(2 * LOG_PART_BYTES + 100)
  })
})

describe('a bounded log', () => {
  it.each([[4, 'abcd'], [8, 'abcdefgh'], [9, 'abcd\n[… 1 bytes left out …]\nfghi'], [20, 'abcd\n[… 12 bytes left out …]\nqrst']])('of %i bytes', async (length, expected) => {
    const text = 'abcdefghijklmnopqrst'.slice(0, length)
    for (const size of [1, 3, 5, 20]) {
      const log = new BoundedLog(join(workshop.parent, 'log'), 4)
      for (let at = 0; at < length; at += size) log.write(Buffer.from(text.slice(at, at + size)))
      log.close()
      expect(await readFile(log.path, 'utf8')).toBe(expected)
    }
  })
})
