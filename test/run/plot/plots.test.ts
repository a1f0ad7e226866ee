import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunComparison } from '../../../src/run/compare-interface.ts'
import { axisOf } from '../../../src/run/plot/axis.ts'
import { dotPlot, plotFinal } from '../../../src/run/plot/dot-plot.ts'
import { linePlot, type PlotLine } from '../../../src/run/plot/line-plot.ts'
import { COLOURS, PAPERS } from '../../../src/run/plot/svg.ts'
import { thinnedIndexes } from '../../../src/run/plot/thin-line.ts'
import { parseXml } from './well-formed.ts'

function line(label: string, values: readonly number[], steps: readonly number[] = [...values.keys()]): PlotLine {
  return { label, steps: Float64Array.from(steps), values: Float64Array.from(values) }
}

function texts(svg: string): readonly string[] {
  return parseXml(svg).filter(({ name }) => name === 'text').map(({ text }) => text)
}

/** Every number of every place must be one. */
function expectNumbers(svg: string): void {
  expect(svg).not.toMatch(/NaN|Infinity|undefined/)
}

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\ud800]]>\u0000'))
const number = fc.oneof(fc.double(), fc.double({ noNaN: true, min: -10, max: 10 }), fc.constantFrom(0, -0, 1e308, -1e308, 5e-324, Number.MAX_VALUE))

describe('an axis', () => {
  const ticksOf = (values: readonly number[], options: Partial<Parameters<typeof axisOf>[1]> = {}): string[] => axisOf(values, { from: 0, to: 100, count: 5, ...options }).ticks.map(({ text }) => text)

  it.each<[readonly number[], readonly string[]]>([
    [[0, 1], ['0', '0.2', '0.4', '0.6', '0.8', '1.0']], [[0, 10_000], ['0', '2000', '4000', '6000', '8000', '10000']], [[-3, 3], ['-3', '-2', '-1', '0', '1', '2', '3']],
    [[0.1, 0.7], ['0.1', '0.2', '0.3', '0.4', '0.5', '0.6', '0.7']], [[1e6, 5e6], ['1e6', '2e6', '3e6', '4e6', '5e6']], [[2e-9, 8e-9], ['2e-9', '3e-9', '4e-9', '5e-9', '6e-9', '7e-9', '8e-9']], [[], ['0', '0.2', '0.4', '0.6', '0.8', '1.0']], [[7], ['6.4', '6.6', '6.8', '7.0', '7.2', '7.4', '7.6']],
  ])('of %j has round ticks', (values, expected) => {
    expect(ticksOf(values)).toEqual(expected)
  })

  it('of steps has whole ones, and a logarithmic one powers of ten', () => {
    expect(ticksOf([0, 2], { isWhole: true })).toEqual(['0', '1', '2'])
    expect(ticksOf([0.01, 1], { scale: 'log' })).toEqual(['0.01', '0.02', '0.05', '0.1', '0.2', '0.5', '1'])
    expect(ticksOf([1e-8, 1e8], { scale: 'log' })).toEqual(['1e-8', '0.0001', '1', '10000', '1e8'])
    expect(ticksOf([-1, 0, 10, 100], { scale: 'log' })).toEqual(['10', '20', '50', '100'])
  })

  it('places every finite value between its ends, in order, and has a bounded number of ticks that differ, whatever the values', () => {
    fc.assert(fc.property(fc.array(number, { maxLength: 20 }), fc.boolean(), fc.boolean(), (values, isLog, isWhole) => {
      const axis = axisOf(values, { from: 10, to: 110, count: 6, scale: isLog ? 'log' : 'linear', isWhole: isWhole && !isLog })
      expect(axis.ticks.length).toBeLessThanOrEqual(40)
      for (const { at } of axis.ticks) expect(at > 9.9 && at < 110.1).toBe(true)
      const placed = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b).map((value) => axis.place(value)).filter((at) => at !== undefined)
      expect(placed.every((at, index) => at >= 10 - 1e-9 && at <= 110 + 1e-9 && (index === 0 || at >= (placed[index - 1] ?? 0)))).toBe(true)
      const texts = axis.ticks.map(({ text }) => text)
      expect(new Set(texts).size).toBe(texts.length)
    }), { numRuns: 2000 })
  })
})

describe('a plot of a metric over steps', () => {
  it('is well-formed, says what it shows, and is the same each time', () => {
    const lines = [line('train#1', Array.from({ length: 200 }, (_, step) => 2 / (step + 1))), line('train#2 <b>&"', [1, 0.5, 0.25])]
    const svg = linePlot(lines, { title: 'Loss & <more>', metric: 'loss' })
    expect(svg).toBe(linePlot(lines, { title: 'Loss & <more>', metric: 'loss' }))
    expect(texts(svg)).toEqual(expect.arrayContaining(['Loss & <more>', 'loss', 'step', 'train#1', 'train#2 <b>&"', '0', '100', '0.5']))
    expect(parseXml(svg).filter(({ name }) => name === 'path').length).toBe(2)
    expectNumbers(svg)
  })

  it('leaves gaps where nothing is finite, and says how many values are off', () => {
    const svg = linePlot([line('run', [1, 2, Number.NaN, 3, 4, Infinity, 5])], { title: 'x', metric: 'x' })
    const path = parseXml(svg).find(({ name }) => name === 'path')?.attributes.get('d') ?? ''
    expect(path.match(/M/g)?.length).toBe(2)
    // Points that stand alone are seen because a short line has dots.
    expect(parseXml(svg).filter(({ name }) => name === 'circle').length).toBe(5)
    expect(texts(svg)).toContain('run (2 off)')
    expect(texts(linePlot([line('run', [1, 0, 10])], { title: 'x', metric: 'loss', scale: 'log' }))).toEqual(expect.arrayContaining(['run (1 off)', 'loss (logarithmic)']))
    expectNumbers(svg)
  })

  it('of a million points has at most four a pixel, and keeps its peaks', () => {
    const values = Array.from({ length: 1_000_000 }, (_, step) => (step === 765_432 ? 9 : Math.sin(step)))
    const svg = linePlot([line('long', values)], { title: 'x', metric: 'x' })
    const path = parseXml(svg).find(({ name }) => name === 'path')?.attributes.get('d') ?? ''
    expect(path.split('L').length).toBeLessThanOrEqual(484 * 4)
    expect(path.split('L').length).toBeGreaterThan(484 * 2)
    expect(path).toMatch(/L\d+\.\d,52\.0L/)
    expect(svg.length).toBeLessThan(60_000)
  })

  it('of many runs names the first and counts the rest', () => {
    const svg = linePlot(Array.from({ length: 40 }, (_, index) => line(`train#${index} with a name that is too long`, [index, 1])), { title: 'x', metric: 'x' })
    expect(texts(svg)).toContain('and 27 more')
    expect(texts(svg)).toContain('train#0 with a name tha…')
    const strokes = parseXml(svg).filter(({ name }) => name === 'path').map(({ attributes }) => `${attributes.get('stroke')} ${attributes.get('stroke-dasharray')}`)
    expect(new Set(strokes.slice(0, 32)).size).toBe(32)
  })

  it('is well-formed whatever it is given', () => {
    const plotted = fc.record({ label: text, points: fc.array(fc.tuple(fc.maxSafeNat(), number), { maxLength: 60 }) })
    fc.assert(fc.property(fc.array(plotted, { maxLength: 20 }), text, fc.constantFrom('linear', 'log'), (lines, title, scale) => {
      const svg = linePlot(lines.map(({ label, points }) => line(label, points.map(([, value]) => value), points.map(([step]) => step))), { title, metric: title, scale })
      parseXml(svg)
      expect(svg.replace(/>[^<]*</g, '><')).not.toMatch(/NaN|Infinity|undefined/)
    }), { numRuns: 300 })
  })

  it('is legible on light and on dark', () => {
    const luminance = (colour: string): number => {
      const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const contrast = (a: string, b: string): number => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05)
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
    for (const colour of COLOURS) for (const paper of Object.values(PAPERS)) expect(contrast(colour, paper), colour).toBeGreaterThanOrEqual(3)
    expect(linePlot([], { title: 'x', metric: 'x' })).toContain('@media (prefers-color-scheme:dark)')
  })
})

describe('what is left of a line', () => {
  it('is all of a short one, and of a long one the ends and extremes of each part, in order', () => {
    expect(thinnedIndexes([3, 1, 2], 1)).toEqual([0, 1, 2])
    expect(thinnedIndexes([3, 9, 4, 4, 0, 5, 1, 1, 1, 1], 2)).toEqual([0, 1, 4, 5, 6, 9])
    fc.assert(fc.property(fc.array(number, { maxLength: 300 }), fc.integer({ min: 1, max: 20 }), (values, parts) => {
      const kept = thinnedIndexes(values, parts)
      expect(kept.length).toBeLessThanOrEqual(Math.max(parts * 4, 0))
      expect(kept.every((index, at) => at === 0 || index > (kept[at - 1] ?? 0))).toBe(true)
      // To add 0 makes one of the two zeros.
      const finite = values.filter(Number.isFinite).map((value) => value + 0)
      const left = kept.map((index) => values[index] ?? 0).filter(Number.isFinite).map((value) => value + 0)
      expect([Math.min(...left), Math.max(...left)]).toEqual([Math.min(...finite), Math.max(...finite)])
    }))
  })
})

describe('a plot of final values', () => {
  const comparison: RunComparison = {
    runs: ['a', 'b', 'c'].map((label) => ({ label, name: 'train', status: 'succeeded', started: '' })), parameters: [], seeds: null, inputs: [], code: [], files: [], artifacts: [], artifactFiles: [], packages: [], runtime: [],
    metrics: [{ name: 'acc', values: [0.5, 'NaN', null] }],
    groups: [{ inputs: [{ name: 'train', revision: 'features@v1', snapshot: null, root: 'bafyabcdefghijklmnop' as never }], runs: ['a', 'b'] }, { inputs: [], runs: ['c'] }],
  }

  it('has a dot for each run that has one, under the data that it read', () => {
    const svg = plotFinal(comparison, 'acc')
    expect(texts(svg)).toEqual(expect.arrayContaining(['acc by data revision', 'train = features@v1 (bafyabcdefghijkl…)', 'no inputs', 'a', 'b', 'NaN', '0.5']))
    expect(texts(svg)).not.toContain('c')
    const titles = parseXml(svg).filter(({ name }) => name === 'title').map(({ text }) => text)
    expect(titles).toEqual(['acc by data revision', 'a: 0.5'])
    expectNumbers(svg.replaceAll('>NaN<', '><'))
    expect(texts(plotFinal({ ...comparison, groups: null }, 'acc'))).toContain('acc by run')
  })

  it('puts larger values further to the right, and is as high as it has rows', () => {
    const svg = dotPlot([{ label: null, dots: [3, 1, 2].map((value) => ({ label: `run ${value}`, value })) }], { title: 't', metric: 'm' })
    const places = parseXml(svg).filter(({ name }) => name === 'circle').map(({ attributes }) => [Number(attributes.get('cx')), Number(attributes.get('cy'))])
    expect(places.map(([x]) => x)).toEqual([646, 214, 430])
    expect(places.map(([, y]) => y)).toEqual([68, 90, 112])
    const many = dotPlot([{ label: 'x', dots: Array.from({ length: 1000 }, (_, index) => ({ label: `${index}`, value: index })) }], { title: 't', metric: 'm' })
    expect(parseXml(many).filter(({ name }) => name === 'circle').length).toBe(400)
    expect(texts(many)).toContain('and 600 more')
  })

  it('is well-formed whatever it is given', () => {
    const group = fc.record({ label: fc.option(text), dots: fc.array(fc.record({ label: text, value: number }), { maxLength: 10 }) })
    fc.assert(fc.property(fc.array(group, { maxLength: 6 }), text, (groups, title) => void parseXml(dotPlot(groups, { title, metric: title }))), { numRuns: 200 })
  })
})

it('the reader of XML in these tests refuses what is not well-formed', () => {
  for (const text of ['', '<a>', '<a></b>', '<a/><b/>', '<a x="1" x="2"/>', '<a x=1/>', '<a>&amp</a>', '<a>&nbsp;</a>', '<a>\u0001</a>', '<a>\ud800</a>', '<a x="<"/>', 'text', '<a/>text']) expect(() => parseXml(text), text).toThrow()
  expect(parseXml('<a x="&lt;">b<c/></a>\n').map(({ name, text }) => [name, text])).toEqual([['a', 'b'], ['c', '']])
})
