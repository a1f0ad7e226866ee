import type { ConfigOrigin, ResolvedConfig } from '../../../run/config/interface.ts'
import { configHash } from '../../../run/config/resolve-config.ts'
import type { JsonValue } from '../../../types.ts'
import type { CheckRule, Verdict } from '../interface.ts'
import { counted, declared, missing, proven, someOf } from '../verdicts.ts'

export const configRule: CheckRule = {
  id: 'config', level: 'basic', title: 'The configuration is complete, and each value has its origin',
  decide: ({ run }) => checkConfig(run.started.config),
}

export function checkConfig({ values, entries, hash }: ResolvedConfig): Verdict {
  const leaves = countLeaves(values)
  const found = configHash(values)
  if (found !== hash) return missing(`The values have the hash ${found}, and ${hash} is recorded`, 'The record was written by a faulty program: run it again.')
  if (entries.length !== leaves) return missing(`${counted(leaves, 'value')}, and the origin of ${entries.length} is recorded`, 'The record was written by a faulty program: run it again.')
  if (leaves === 0) return declared(`The run says that it has no configuration (hash ${hash})`)
  const layers = new Map<string, number>()
  for (const { origin } of entries) layers.set(layerText(origin), (layers.get(layerText(origin)) ?? 0) + 1)
  return proven(`${counted(leaves, 'value')}, hash ${hash}: ${someOf([...layers].map(([layer, count]) => `${count} from ${layer}`))}`)
}

function layerText(origin: ConfigOrigin): string {
  switch (origin.layer) {
    case 'file':
      return origin.path
    case 'environment':
      return 'the environment'
    case 'default':
      return 'defaults'
    case 'program':
      return 'the program'
    case 'set':
      return '--set'
  }
}

/** Every value that is no map, and every empty map within. */
function countLeaves(values: { readonly [key: string]: JsonValue }): number {
  return Object.values(values).reduce((sum: number, value) => sum + (isMap(value) && Object.keys(value).length > 0 ? countLeaves(value) : 1), 0)
}

function isMap(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
