import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openRepository } from '../../src/index.ts'

/** 17 published versions of one daily table; not part of the product (see its README for source and licence). */
const VERSIONS = resolve('..', 'shared', 'data', 'covid-19')
const present = existsSync(VERSIONS)

describe('17 published versions of a daily table', () => {
  it.skipIf(!present)(`become 17 snapshots of one ref, each byte-exact${present ? '' : ' (skipped: ../shared/data/covid-19 is not here)'}`, async () => {
    const work = mkdtempSync(join(tmpdir(), 'varve-covid-'))
    try {
      const names = readdirSync(VERSIONS).filter((name) => name.endsWith('.csv')).sort()
      expect(names).toHaveLength(17)
      const repository = await openRepository(join(work, '.varve'), { create: true })
      for (const name of names) {
        const content = readFileSync(join(VERSIONS, name))
        await repository.snapshot([{ path: 'countries-aggregated.csv', content }], { ref: 'covid', message: name, source: { uri: 'https://github.com/datasets/covid-19', licence: 'PDDL-1.0' } })
      }
      const messages: string[] = []
      for await (const { message } of repository.log('covid')) messages.push(message)
      expect(messages).toEqual([...names].reverse())

      for (const [age, name] of [...names].reverse().entries()) {
        const folder = join(work, name)
        await repository.checkout(`covid~${age}`, folder)
        expect(readFileSync(join(folder, 'countries-aggregated.csv')).equals(readFileSync(join(VERSIONS, name)))).toBe(true)
        if (age === 16) continue
        const diff = await repository.diff(`covid~${age + 1}`, `covid~${age}`)
        expect(diff.modified.map(({ path }) => path)).toEqual(['countries-aggregated.csv'])
        expect(diff.added.length + diff.removed.length).toBe(0)
      }
      expect(await repository.verify()).toMatchObject({ ok: true })
      await repository.close()
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  })
})
