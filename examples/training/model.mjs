/** A linear model by stochastic gradient descent: of a country's cases a week ago, today, and their difference, what they are a week from now (all as logarithms). Small, and the same on every machine. */
const DAYS = 7

/** Rows of `Date,Country,Confirmed,…` as samples of features and a target, in the order of the table. */
export function samplesOf(csv) {
  const byCountry = new Map()
  for (const line of csv.trim().split('\n').slice(1)) {
    // The last three are numbers; names of countries may have commas in them.
    const cells = line.split(',')
    const country = cells.slice(1, -3).join(',')
    const series = byCountry.get(country) ?? []
    series.push(Math.log1p(Number(cells.at(-3))))
    byCountry.set(country, series)
  }
  const samples = []
  for (const series of byCountry.values()) {
    for (let day = DAYS; day + DAYS < series.length; day += DAYS) samples.push({ features: [1, series[day], series[day] - series[day - DAYS]], target: series[day + DAYS] })
  }
  return samples
}

/** Numbers from 0 to 1 that depend on the seed alone (xorshift32). */
export function randomOf(seed) {
  let state = (Number(seed) * 2654435761 + 1) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state = (state ^ (state << 5)) >>> 0
    return state / 2 ** 32
  }
}

/** @param onEpoch is told the mean squared error after each pass */
export function train(samples, { rate, epochs }, random, onEpoch) {
  const weights = [0, 1, 0]
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (let count = 0; count < samples.length; count++) {
      const { features, target } = samples[Math.floor(random() * samples.length)]
      const error = predict(weights, features) - target
      features.forEach((feature, at) => (weights[at] -= (rate * error * feature) / 100))
    }
    onEpoch(epoch, meanSquaredError(weights, samples))
  }
  return weights
}

export function meanSquaredError(weights, samples) {
  return samples.reduce((sum, { features, target }) => sum + (predict(weights, features) - target) ** 2, 0) / samples.length
}

function predict(weights, features) {
  return features.reduce((sum, feature, at) => sum + feature * weights[at], 0)
}
