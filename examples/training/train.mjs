/**
 * A training script that knows nothing of varve: its data, configuration and seed come from variables of the environment, and its metrics go to a file, a line of JSON for each step.
 *
 *     varve run --input train=daily --output model=model.json --config config.yaml --seed 7 -- node train.mjs
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomOf, samplesOf, train } from './model.mjs'

const { VARVE_INPUT_TRAIN: folder, VARVE_CONFIG: config, VARVE_SEED: seed, VARVE_METRICS: metrics, VARVE_OUTPUT_MODEL: model } = process.env
const samples = samplesOf(readFileSync(join(folder, 'countries.csv'), 'utf8'))
const { rate, epochs } = JSON.parse(readFileSync(config, 'utf8'))
const weights = train(samples, { rate, epochs }, randomOf(seed), (step, loss) => appendFileSync(metrics, `${JSON.stringify({ step, loss })}\n`))
writeFileSync(model, JSON.stringify({ weights }))
console.log(`trained on ${samples.length} samples`)
