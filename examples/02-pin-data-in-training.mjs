// A training script that says exactly what it learned from: it resolves a revision once, logs the root, and reads the pinned bytes.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRepository } from 'varve'

const work = await mkdtemp(join(tmpdir(), 'varve-example-'))
try {
  const repository = await openRepository(join(work, '.varve'), { create: true })
  // Entries need not come from a folder: y = 3x + 2, with a little noise.
  const rows = Array.from({ length: 500 }, (_, i) => `${i / 500},${3 * (i / 500) + 2 + Math.sin(i * 12.9898) * 0.05}`)
  await repository.snapshot([{ path: 'train.csv', content: `x,y\n${rows.join('\n')}\n` }], { ref: 'line', message: 'synthetic' })

  const model = await train(repository, 'line', { learningRate: 0.5, steps: 400 })
  console.log(model)
  assert.ok(Math.abs(model.slope - 3) < 0.05 && Math.abs(model.intercept - 2) < 0.05)

  // The data moves on; the model still names what it was trained on, and training again on that gives the same numbers.
  await repository.snapshot([{ path: 'train.csv', content: 'x,y\n0,0\n' }], { ref: 'line', message: 'replaced' })
  assert.deepEqual(await train(repository, model.data, { learningRate: 0.5, steps: 400 }), model)
  await repository.close()
} finally {
  await rm(work, { recursive: true })
}

async function train(repository, revision, { learningRate, steps }) {
  const data = (await repository.resolve(revision)).root.toString()
  const text = new TextDecoder().decode(await repository.read(data, 'train.csv'))
  const points = text.trim().split('\n').slice(1).map((line) => line.split(',').map(Number))
  let [slope, intercept] = [0, 0]
  for (let step = 0; step < steps; step++) {
    let [slopeGradient, interceptGradient] = [0, 0]
    for (const [x, y] of points) {
      const error = slope * x + intercept - y
      slopeGradient += (error * x) / points.length
      interceptGradient += error / points.length
    }
    slope -= learningRate * slopeGradient
    intercept -= learningRate * interceptGradient
  }
  return { data, slope, intercept }
}
