#!/usr/bin/env node
import { version } from '../../package.json'

const args = process.argv.slice(2)

// The version needs neither the parser nor the engine, which take longer to load than Node itself.
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`${version}\n`)
} else {
  const { runCli } = await import('./run.ts')
  await runCli(args, version)
}
