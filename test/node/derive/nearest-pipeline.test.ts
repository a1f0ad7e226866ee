import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nearestPipelineFile } from '../../../src/node/derive/read-pipeline.ts'

let top = ''
let below = ''
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'varve-pipeline-')))
  below = join(top, 'project', 'steps', 'lib')
  mkdirSync(below, { recursive: true })
  writeFileSync(join(top, 'varve.yaml'), '')
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

describe('the pipeline file that is meant', () => {
  it('is the nearest upward', () => {
    expect(nearestPipelineFile(below)).toBe(join(top, 'varve.yaml'))
    writeFileSync(join(top, 'project', 'varve.yaml'), '')
    expect(nearestPipelineFile(below)).toBe(join(top, 'project', 'varve.yaml'))
    expect(nearestPipelineFile(dirname(top), [dirname(top)])).toBeUndefined()
  })

  it('is none beyond the folder of the repository or the home, though they may have one themselves', () => {
    expect(nearestPipelineFile(below, [join(top, 'project')])).toBeUndefined()
    expect(nearestPipelineFile(below, [top])).toBe(join(top, 'varve.yaml'))
    symlinkSync(join(top, 'project'), join(top, 'link'))
    expect(nearestPipelineFile(join(top, 'link', 'steps'), [join(top, 'link')])).toBeUndefined()
  })

  it.each(['folder', 'file'])('is none beyond a git work tree, whose .git is a %s', (kind) => {
    if (kind === 'folder') mkdirSync(join(top, 'project', '.git'))
    else writeFileSync(join(top, 'project', '.git'), 'gitdir: elsewhere')
    expect(nearestPipelineFile(below)).toBeUndefined()
    writeFileSync(join(top, 'project', 'varve.yaml'), '')
    expect(nearestPipelineFile(below)).toBe(join(top, 'project', 'varve.yaml'))
  })
})
