/** How the bytes of a vector's input are made; `generators` in the vector files describes each in words. */
export type InputRecipe =
  | { readonly generator: 'xorshift32'; readonly seed: number; readonly size: number }
  | { readonly generator: 'constant'; readonly byte: number; readonly size: number }
  | { readonly generator: 'repeat'; readonly text: string; readonly size: number }
  | { readonly generator: 'rows'; readonly size: number }

const GENERATORS: { readonly [Name in InputRecipe['generator']]: (recipe: Extract<InputRecipe, { generator: Name }>) => Uint8Array } = {
  xorshift32: ({ seed, size }) => xorshiftBytes(seed, size),
  constant: ({ byte, size }) => new Uint8Array(size).fill(byte),
  repeat: ({ text, size }) => new TextEncoder().encode(text.repeat(Math.ceil(size / text.length))).subarray(0, size),
  rows: ({ size }) => rows(size),
}

/** Marsaglia's xorshift32 (triple 13, 17, 5). Each step gives 4 bytes, least significant first. */
export function xorshiftBytes(seed: number, size: number): Uint8Array {
  const words = new DataView(new ArrayBuffer(Math.ceil(size / 4) * 4))
  let state = seed | 0
  for (let offset = 0; offset < size; offset += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words.setInt32(offset, state, true)
  }
  return new Uint8Array(words.buffer, 0, size)
}

export function generatedInput(recipe: InputRecipe): Uint8Array {
  return (GENERATORS[recipe.generator] as (recipe: InputRecipe) => Uint8Array)(recipe)
}

function rows(size: number): Uint8Array {
  const lines: string[] = []
  let length = 0
  for (let number = 0; length < size; number++) {
    const line = `${number},${(number * 7919) % 10007},${number % 13 === 0 ? 'yes' : 'no'}\n`
    lines.push(line)
    length += line.length
  }
  return new TextEncoder().encode(lines.join('')).subarray(0, size)
}
