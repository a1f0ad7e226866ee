import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const examples = readdirSync('examples').filter((name) => /^\d\d-.*\.mjs$/.test(name))

describe('the examples, against the built package', () => {
  it.each(examples)('%s runs, and finds what it claims', async (name) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [`examples/${name}`])
    expect(stderr).toBe('')
    expect(stdout.length).toBeGreaterThan(0)
  }, 180_000)
})
