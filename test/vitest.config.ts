import { resolve } from 'node:path'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    root: '.',
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The suite of interface-blockstore takes its assertions from a tool that is no dependency of it.
    alias: { 'aegir/chai': resolve('test/remote/blockstore/chai-for-suite.ts') },
    server: { deps: { inline: ['interface-blockstore-tests'] } },
    // Two cores is what CI has, and some tests wait: for a process of their own, or for a server that is silent.
    maxWorkers: 3,
  },
})

export default config
