import { request as requestHttp } from 'node:http'
import { request as requestHttps, type RequestOptions } from 'node:https'

/** Answers of metadata services are small. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/**
 * Asks a service of this machine for a JSON document: at an address, or through a socket (`socketPath`). Follows no redirect.
 * @throws Error with the reason, in words, if there is no document
 */
export function askService(address: string, timeoutMs: number, options: Pick<RequestOptions, 'socketPath' | 'ca' | 'headers'> = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => asked.destroy(new Error(`it took longer than ${timeoutMs} ms`)), timeoutMs)
    const settle = (work: () => void): void => {
      clearTimeout(timer)
      work()
    }
    const asked = (address.startsWith('https:') ? requestHttps : requestHttp)(address, { ...options, agent: false }, (answer) => {
      const parts: Buffer[] = []
      let length = 0
      answer.on('data', (part: Buffer) => {
        length += part.length
        if (length > MAX_ANSWER_BYTES) asked.destroy(new Error('its answer is too long'))
        else parts.push(part)
      })
      answer.on('error', (error) => settle(() => reject(error)))
      answer.on('end', () => settle(() => {
        if (answer.statusCode !== 200) return reject(new Error(`it answered with status ${answer.statusCode}`))
        try {
          resolve(JSON.parse(Buffer.concat(parts).toString('utf8')))
        } catch {
          reject(new Error('its answer is no JSON'))
        }
      }))
    })
    asked.on('error', (error) => settle(() => reject(error)))
    asked.end()
  })
}
