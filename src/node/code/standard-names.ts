/** Of ECMAScript, but for `escape` and `unescape`, which programs have functions of their own by. */
const LANGUAGE = `undefined NaN Infinity globalThis eval isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI encodeURIComponent
  Object Function Boolean Symbol Number BigInt Math Date String RegExp Array Map Set WeakMap WeakSet WeakRef FinalizationRegistry Iterator Promise Proxy Reflect JSON Atomics Intl
  Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError
  ArrayBuffer SharedArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float16Array Float32Array Float64Array BigInt64Array BigUint64Array`
/** Of Node. `setTimeout`, `crypto`, `performance` and others are not among them: modules of Node export different things under these names. */
const NODE = 'Buffer process console URL URLSearchParams TextEncoder TextDecoder structuredClone AbortController AbortSignal queueMicrotask'

const NAMES: ReadonlySet<string> = new Set(`${LANGUAGE} ${NODE}`.split(/\s+/))

/** True for what means the same in every program, as far as anybody can tell from the name: hardly anybody has a variable of that name. */
export function isStandardName(name: string): boolean {
  return NAMES.has(name) && name in globalThis
}
