import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { renderGoals } from '../goals/render.mjs'
import { plotGrowth } from '../growth/plot.mjs'
import { assertMarkers, replaceSection } from './markdown.mjs'
import { readOptions, USAGE } from './options.mjs'
import { runSession } from './session.mjs'
import { VARVE_CLI } from './subjects/varve.mjs'
import { renderTable } from './table.mjs'

const EXIT_FAILED = 1
const EXIT_MISUSED = 2
const EXIT_INTERRUPTED = 130

/** @param {string} message */
const report = (message) => void process.stderr.write(`${message}\n`)

/** @param {string[]} args @returns {Promise<number>} exit code */
async function main(args) {
  const options = parsed(args)
  if (options === undefined) return EXIT_MISUSED
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  if (options.subjects.includes('varve') && !existsSync(VARVE_CLI)) {
    report('There is no dist/cli.js: run npm run build first')
    return EXIT_FAILED
  }
  const interrupt = new AbortController()
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(name, () => interrupt.abort())
  try {
    if (options.markdown !== undefined) assertMarkers(options.markdown)
    const session = await runSession(options, interrupt.signal, report)
    const text = `${renderTable(session)}\n\n${renderGoals(session).text}`
    console.log(text)
    for (const file of [join(options.work, 'last.json'), ...(options.json === undefined ? [] : [options.json])]) writeFileSync(file, `${JSON.stringify(session, null, 2)}\n`)
    if (options.markdown !== undefined) {
      replaceSection(options.markdown, text)
      if (session.growth !== null) writeFileSync(join(dirname(options.markdown), 'growth.svg'), plotGrowth(session.growth, `${session.date}, ${session.machine}`))
    }
    return 0
  } catch (error) {
    report(interrupt.signal.aborted ? 'Interrupted.' : `The bench failed. ${error instanceof Error ? error.message : String(error)}`)
    return interrupt.signal.aborted ? EXIT_INTERRUPTED : EXIT_FAILED
  }
}

/** @param {string[]} args */
function parsed(args) {
  try {
    return readOptions(args)
  } catch (error) {
    report(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    return undefined
  }
}

process.exitCode = await main(process.argv.slice(2))
