import { lstat, mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { cidText } from '../../cid/cid.ts'
import { checkoutFolder } from '../../dataset/checkout.ts'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, WouldOverwriteError } from '../../errors.ts'
import { findRun, type FoundRun } from '../../run/find-run.ts'
import { runDocument } from '../../run/run-document.ts'
import type { CidText, OperationOptions } from '../../types.ts'
import { nodeFolders } from '../folder-port.ts'
import { hostId } from '../maker.ts'
import { isAbsence } from '../system-errors.ts'
import { tempName } from '../temp-files.ts'
import { dockerfile, runScript } from './fetched-command.ts'
import { PYTHON_PACKAGES, pythonPackages } from './python-packages.ts'
import { reproduceText } from './reproduce-text.ts'

export interface FetchRunOptions extends Pick<OperationOptions, 'signal'> {
  /** Also writes a Dockerfile: from this image by its digest (`node@sha256:…`), or with `true` from the one that the run recorded. */
  readonly container?: string | true
  /** Also what the run made, below `artifacts/`. Default false. */
  readonly artifacts?: boolean
}

export interface FetchedRun {
  readonly run: string
  readonly folder: string
  readonly code: CidText | null
  readonly inputs: readonly { readonly name: string; readonly root: CidText }[]
}

const IMAGE = /^[^@\s]+@sha256:[0-9a-f]{64}$/

/**
 * Writes all that a run was made from into a folder, which appears in one step: `code/`, `inputs/<name>/`, `config.json`, `run.json` (the record, with where each value of the configuration is from,
 * and the environment) `REPRODUCE.md`, which a person can follow without varve, and `run.sh`, which does so.
 *
 * @throws WouldOverwriteError if something is in the folder; EvictedError if an input was dropped, to be made again; InvalidArgumentError for an image without a digest
 */
export async function fetchRun(repository: Repository, wanted: string, folder: string, options: FetchRunOptions = {}): Promise<FetchedRun> {
  const run = await findRun(repository.blocks, wanted)
  const { signal, artifacts = false } = options
  const container = options.container === undefined ? undefined : imageOf(run, options.container)
  const target = resolve(folder)
  await assertEmpty(target)
  await mkdir(dirname(target), { recursive: true })
  const fresh = join(dirname(target), `.${basename(target)}-${tempName(hostId())}`)
  await mkdir(fresh)
  try {
    const checkout = async (root: CidText, name: string): Promise<void> => {
      await checkoutFolder(repository.blocks, nodeFolders(), root, join(fresh, name), { allowExternalLinks: true, ...(signal === undefined ? {} : { signal }) })
    }
    const { started } = run
    if (started.code !== null) await checkout(cidText(started.code), 'code')
    for (const { name, root } of started.inputs) await checkout(cidText(root), `inputs/${name}`)
    if (artifacts) for (const { name, root } of run.ended?.artifacts ?? []) await checkout(cidText(root), `artifacts/${name}`)
    await writeFile(join(fresh, 'config.json'), `${JSON.stringify(started.config.values, null, 2)}\n`)
    await writeFile(join(fresh, 'run.json'), `${JSON.stringify(runDocument(run), null, 2)}\n`)
    await writeFile(join(fresh, 'REPRODUCE.md'), reproduceText(run, container))
    const packages = pythonPackages(run)
    if (packages !== undefined) await writeFile(join(fresh, PYTHON_PACKAGES), packages)
    const script = runScript(run)
    if (script !== undefined) await writeFile(join(fresh, 'run.sh'), script, { mode: 0o755 })
    if (container !== undefined) await writeFile(join(fresh, 'Dockerfile'), dockerfile(run, container))
    // Whatever has come into it meanwhile stays, and this fails.
    await rmdir(target).catch((error: unknown) => {
      if (!isAbsence(error)) throw error
    })
    await rename(fresh, target)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  return { run: run.label, folder: target, code: run.started.code === null ? null : cidText(run.started.code), inputs: run.started.inputs.map(({ name, root }) => ({ name, root: cidText(root) })) }
}

async function assertEmpty(target: string): Promise<void> {
  try {
    const facts = await lstat(target)
    if (facts.isDirectory() && (await readdir(target)).length === 0) return
  } catch (error) {
    if (isAbsence(error)) return
    throw error
  }
  throw new WouldOverwriteError(`${target} is there already, and not an empty folder`, { data: { folder: target }, hint: 'Name a new folder.' })
}

function imageOf({ label, started }: FoundRun, given: string | true): string {
  const digest = started.capture.container?.digest
  if (given === true) {
    // A digest without a name cannot be pulled.
    if (digest !== undefined && IMAGE.test(digest)) return digest
    throw new InvalidArgumentError(digest === undefined ? `The run ${label} recorded no container image` : `The run ${label} recorded the digest of its container image, ${digest}, and not its name`, {
      data: { run: label, digest }, hint: `Name it: --container <name>@${digest ?? 'sha256:…'}`,
    })
  }
  if (!IMAGE.test(given)) throw new InvalidArgumentError(`"${given}" does not name an image by its digest`, { data: { image: given }, hint: 'A tag may mean another image tomorrow: write node@sha256:…' })
  return given
}
