/**
 * Least squares of log y over log x: y = factor · x ^ slope.
 * @param {readonly { x: number, y: number }[]} points at least two, all positive
 */
export function fitPower(points) {
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }))
  const meanX = mean(logs.map(({ x }) => x))
  const meanY = mean(logs.map(({ y }) => y))
  const slope = mean(logs.map(({ x, y }) => (x - meanX) * (y - meanY))) / mean(logs.map(({ x }) => (x - meanX) ** 2))
  return { slope, factor: Math.exp(meanY - slope * meanX) }
}

/** @param {readonly number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
