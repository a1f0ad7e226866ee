import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'varve-install-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

describe('the package, as npm publishes it', () => {
  it('installs into an empty project, is imported and runs as a program', () => {
    // The build is there already; --ignore-scripts keeps a second one from running beside other tests.
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], '.')) as { filename: string; files: { path: string }[] }[]
    const names = packed?.files.map(({ path }) => path) ?? []
    expect(names).toContain('dist/cli.js')
    expect(names).toContain('src/FORMAT.md')
    expect(names.filter((name) => !/^(dist\/|README\.md|LICENSE|CHANGELOG\.md|package\.json|src\/FORMAT\.md)/.test(name))).toEqual([])

    const project = join(folder, 'project')
    mkdirSync(join(project, 'data'), { recursive: true })
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }))
    writeFileSync(join(project, 'data', 'a.csv'), 'x,y\n1,2\n')
    run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, packed?.filename ?? '')], project)
    writeFileSync(join(project, 'main.mjs'), `
      import { openRepository } from 'varve'
      import { MemoryStorage } from 'varve/storage'
      const repository = await openRepository('./.varve', { create: true })
      const { root } = await repository.snapshot('./data', { ref: 'data', message: 'from a program' })
      console.log(root, typeof MemoryStorage)
      await repository.close()
    `)
    const [root, kind] = run('node', ['main.mjs'], project).trim().split(' ')
    expect(kind).toBe('function')
    const binary = join(project, 'node_modules', '.bin', 'varve')
    expect(JSON.parse(run(binary, ['hash', './data', '--json'], project))).toMatchObject({ root, files: 1, bytes: 8 })
    expect(run(binary, ['cat', 'data:a.csv'], project)).toBe('x,y\n1,2\n')
    expect(run(binary, ['--version'], project).trim()).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version)
  }, 180_000)
})
