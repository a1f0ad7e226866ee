import { expect, it } from 'vitest'
import { nameOfCommand } from '../../../src/node/run/name-of-command.ts'

it.each([
  ['node train.mjs', 'train'], ['python3 -u src/train.py --rate 1', 'train'], ['uv run python train.py', 'train'], ['uv run train.py', 'train'], ['./fit --fast', 'fit'], ['node', 'node'], ['python3 -m', 'python3'],
])('runs of %s are called %s', (command, name) => {
  expect(nameOfCommand(command.split(' '))).toBe(name)
})
