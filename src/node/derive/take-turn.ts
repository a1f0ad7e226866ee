import { randomBytes } from 'node:crypto'
import { link, mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hostId, isGoneSince, startTicks } from '../maker.ts'
import { errorCode, isAbsence } from '../system-errors.ts'
import { isLeftover, tempName } from '../temp-files.ts'

export interface TurnOptions {
  readonly signal?: AbortSignal | undefined
  /** Told once of each process that is waited for. */
  readonly onWait?: ((process: number) => void) | undefined
}

/** Who is at work, as a file says it. */
interface Holder {
  readonly host: string
  readonly process: number
  readonly time: number
  /** Of the process, as the system counts; undefined where it does not say. */
  readonly ticks: number | undefined
}

const POLL_MS = 100
const CONTENT = /^([0-9a-f]{12}) ([1-9][0-9]*) ([0-9]+) (?:([0-9]+) )?[0-9a-f]{16}$/
/** What this process has written into the files of its turns: of those with its number, any other is of a dead process that had the number before. */
const own = new Set<string>()

/**
 * Does `work` while no other process of this host does work of the same name: what two of them would do twice, the second does after the first, and may find done. Nobody who has a turn
 * waits for another, so that no two wait for each other. The turn of a process that is dead passes on. Other hosts are not waited for, since nothing tells whether they live; nor is it
 * waited where the folder cannot be written to. At worst, work is done twice.
 * @throws the signal's reason while it waits; what `work` throws
 */
export async function takeTurn<T>(folder: string, name: string, { signal, onWait }: TurnOptions, work: () => Promise<T>): Promise<T> {
  const path = join(folder, name)
  const ticks = startTicks(process.pid)
  const content = [hostId(), process.pid, Date.now(), ...(ticks === undefined ? [] : [ticks]), randomBytes(8).toString('hex')].join(' ')
  own.add(content)
  let isMine = false
  try {
    isMine = await wait(folder, path, content, { signal, onWait })
    return await work()
  } finally {
    if (isMine && (await textOf(path).catch(() => undefined)) === content) await unlink(path).catch(() => undefined)
    own.delete(content)
  }
}

/** Until it is this process's turn; false if nothing can be said of whose it is. */
async function wait(folder: string, path: string, content: string, { signal, onWait }: TurnOptions): Promise<boolean> {
  const told = new Set<number>()
  for (;;) {
    signal?.throwIfAborted()
    const holder = await tryToTake(folder, path, content)
    if (holder === 'nobody' || holder === 'unknown') return holder === 'nobody'
    if (!told.has(holder.process)) onWait?.(holder.process)
    told.add(holder.process)
    // Whoever waits for this sees the reason in `signal` above.
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }
}

/** `nobody`: this process has it now. `unknown`: nothing can be said, or it is of another host. */
async function tryToTake(folder: string, path: string, content: string): Promise<Holder | 'nobody' | 'unknown'> {
  try {
    await mkdir(folder, { recursive: true })
    await sweep(folder)
  } catch {
    return 'unknown'
  }
  for (;;) {
    // Whole from the first moment: a process that dies half-way leaves no file that says nothing.
    const draft = join(folder, tempName(hostId()))
    try {
      await writeFile(draft, content, { flag: 'wx' })
      await link(draft, path)
      return 'nobody'
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') return 'unknown'
    } finally {
      await unlink(draft).catch(() => undefined)
    }
    const text = await textOf(path).catch(() => '')
    // It was given back meanwhile.
    if (text === undefined) continue
    const holder = parseHolder(text)
    return holder === undefined || holder.host !== hostId() ? 'unknown' : holder
  }
}

/** Removes what dead processes of this host left. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const text = (await textOf(join(folder, name)).catch(() => undefined)) ?? ''
    if (isLeftover(name, hostId()) || isOfDead(text)) await unlink(join(folder, name)).catch(() => undefined)
  }
}

function isOfDead(text: string): boolean {
  const holder = parseHolder(text)
  if (holder === undefined || holder.host !== hostId()) return false
  const { process: id, time, ticks } = holder
  if (id === process.pid) return !own.has(text)
  const now = ticks === undefined ? undefined : startTicks(id)
  return isGoneSince(id, time) || (now !== undefined && now !== ticks)
}

function parseHolder(text: string): Holder | undefined {
  const [, host, id, time, ticks] = CONTENT.exec(text) ?? []
  return host === undefined ? undefined : { host, process: Number(id), time: Number(time), ticks: ticks === undefined ? undefined : Number(ticks) }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}
