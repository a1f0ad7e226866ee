import { fitPower } from './fit.mjs'
import { MANY_FILES } from './measure.mjs'

const WIDTH = 720
const HEIGHT = 400
const PLOT = { left: 70, right: 690, top: 50, bottom: 320 }
const COLOURS = { points: '#1f6feb', fit: '#8b949e', grid: '#d0d7de', text: '#57606a' }

/** @typedef {{ low: number, high: number, from: number, to: number }} Axis powers of ten, and places */

/**
 * Time per file over the number of files, both logarithmic, with the fitted power and a caption.
 * @param {import('./measure.mjs').Growth} growth
 * @param {string} note date and machine
 * @returns {string} an SVG document
 */
export function plotGrowth({ points, slope, slopeOfMany }, note) {
  const perFile = points.map(({ files, seconds }) => ({ x: files, y: (seconds / files) * 1e6 }))
  const across = axis(perFile.map(({ x }) => x), PLOT.left, PLOT.right)
  const up = axis(perFile.map(({ y }) => y), PLOT.bottom, PLOT.top)
  const place = ({ x, y }) => [placeOn(across, x), placeOn(up, y)].map((value) => value.toFixed(1))
  const many = perFile.filter(({ x }) => x >= MANY_FILES)
  const fit = fitPower(many)
  const ends = [many[0].x, many[many.length - 1].x].map((x) => place({ x, y: fit.factor * x ** fit.slope }).join(','))
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="${COLOURS.text}">`,
    '<title>First snapshot: time per file over the number of files</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(PLOT.left, 24, 'First snapshot: microseconds per file over the number of files', 'font-size="15" fill="#24292f"'),
    ...powers(across).flatMap((value) => [line(placeOn(across, value), PLOT.top, placeOn(across, value), PLOT.bottom), text(placeOn(across, value), PLOT.bottom + 18, value.toLocaleString('en'), 'text-anchor="middle"')]),
    ...powers(up).flatMap((value) => [line(PLOT.left, placeOn(up, value), PLOT.right, placeOn(up, value)), text(PLOT.left - 8, placeOn(up, value) + 4, `${value.toLocaleString('en')} µs`, 'text-anchor="end"')]),
    `<polyline points="${ends.join(' ')}" fill="none" stroke="${COLOURS.fit}" stroke-dasharray="5 4"/>`,
    `<polyline points="${perFile.map((point) => place(point).join(',')).join(' ')}" fill="none" stroke="${COLOURS.points}" stroke-width="2"/>`,
    ...perFile.flatMap((point) => {
      const [x = '0', y = '0'] = place(point)
      return [`<circle cx="${x}" cy="${y}" r="4" fill="${COLOURS.points}"/>`, text(Number(x), Number(y) - 10, point.y.toFixed(point.y < 100 ? 1 : 0), 'text-anchor="middle"')]
    }),
    text(PLOT.left, HEIGHT - 36, `All time grows as files to the power of ${slope.toFixed(2)}; from 10,000 files on (dashed), ${slopeOfMany.toFixed(2)}. The goal is at most 1.05.`),
    text(PLOT.left, HEIGHT - 16, note),
    '</svg>',
  ].join('\n')}\n`
}

/** From the power of ten below all values to the one above. @param {number[]} values @param {number} from @param {number} to @returns {Axis} */
function axis(values, from, to) {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9)
  return { low, high: Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9)), from, to }
}

/** @param {Axis} axis @param {number} value */
function placeOn({ low, high, from, to }, value) {
  return from + ((Math.log10(value) - low) / (high - low)) * (to - from)
}

/** @param {Axis} axis */
function powers({ low, high }) {
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index))
}

/** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
function line(x1, y1, x2, y2) {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${COLOURS.grid}"/>`
}

/** @param {number} x @param {number} y @param {string} content @param {string} [attributes] */
function text(x, y, content, attributes = '') {
  const safe = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${safe}</text>`
}
