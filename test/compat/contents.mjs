/** Numbers that look random and are the same everywhere. */
function* numbers(seed) {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state
  }
}

function table(version) {
  const random = numbers(7)
  return Array.from({ length: 4000 }, (_, row) => `${row},${(random.next().value >>> 12) % 100},${row % 40 === version ? version : 0},station-${row % 31}`).join('\n')
}

/** Text of three chunks at least. */
function large() {
  const random = numbers(11)
  return Array.from({ length: 90_000 }, (_, row) => `${row % 10},${(random.next().value >>> 28) % 4}`).join('\n')
}

/** What the repository holds: everything that a snapshot can, with a file that changes a little, so that deltas are in it. */
export function versions() {
  const random = numbers(3)
  const noise = Uint8Array.from({ length: 20_000 }, () => random.next().value >>> 24)
  return [0, 1, 2].map((version) => [
    { path: 'empty', directory: true },
    { path: 'large.txt', content: large() },
    { path: 'link', symlink: 'table.csv' },
    { path: 'noise.bin', content: noise },
    { path: 'run.sh', content: '#!/bin/sh\n', executable: true },
    { path: 'table.csv', content: table(version) },
    { path: 'ünïcode/✓.txt', content: `version ${version}` },
  ])
}
