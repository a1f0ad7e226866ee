import type { ByteText } from '../byte-text.ts'
import { defaultRuleFor } from '../default-ignores.ts'

/** The outermost part of a path that the default rules leave out of every dataset, if there is one: code that is tracked is no exception, since what is stored is made to be shared. */
export function leftOutByDefault(path: ByteText): ByteText | undefined {
  for (let end = path.indexOf('/'), start = 0; ; start = end + 1, end = path.indexOf('/', start)) {
    const name = path.slice(start, end === -1 ? undefined : end) as ByteText
    if (defaultRuleFor(name) !== undefined) return (end === -1 ? path : path.slice(0, end)) as ByteText
    if (end === -1) return undefined
  }
}
