import { copyFile } from 'node:fs/promises'
import { defineConfig } from 'tsup'

/** One entry for each export subpath of package.json; `cli` is the binary, `recipe-runner` the program of child processes. */
const config: ReturnType<typeof defineConfig> = defineConfig({
  entry: {
    index: 'src/index.ts',
    core: 'src/core.ts',
    blockstore: 'src/remote/blockstore/index.ts',
    chunker: 'src/chunker/index.ts',
    manifest: 'src/manifest/index.ts',
    repository: 'src/repository/index.ts',
    storage: 'src/storage/index.ts',
    'storage-folder': 'src/node/folder-storage.ts',
    'storage-http': 'src/remote/http/index.ts',
    'storage-s3': 'src/remote/s3/index.ts',
    testing: 'src/storage/testing.ts',
    cli: 'src/cli/main.ts',
    'recipe-runner': 'src/node/execution/runner/main.ts',
  },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  splitting: true,
  treeshake: true,
  removeNodeProtocol: false,
  clean: true,
  // For editors, which take it from the package.
  onSuccess: async () => {
    await copyFile('src/recipe/pipeline/varve.schema.json', 'dist/varve.schema.json')
    await copyFile('src/registry/check/varve-policy.schema.json', 'dist/varve-policy.schema.json')
  },
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
})

export default config
