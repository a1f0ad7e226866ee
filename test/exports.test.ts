import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, string | { default: string }> }

describe('the public names', () => {
  const subpaths = Object.entries(exports).flatMap(([subpath, target]) => (typeof target === 'string' ? [] : [[subpath, target.default] as const]))

  it.each(subpaths)('of varve%s are these and no others', async (subpath, file) => {
    const module = (await import(/* @vite-ignore */ new URL(`../${file}`, import.meta.url).href)) as object
    expect(Object.keys(module).sort()).toMatchSnapshot(subpath)
  })
})
