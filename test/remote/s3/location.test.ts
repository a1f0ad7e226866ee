import { describe, expect, test } from 'vitest'
import { InvalidArgumentError } from '../../../src/errors.ts'
import { formatS3Location, parseS3Url } from '../../../src/remote/s3/location.ts'
import { s3Storage } from '../../../src/remote/s3/s3-storage.ts'

describe('the address of a bucket', () => {
  test.each([
    ['s3://bucket', { bucket: 'bucket' }],
    ['s3://bucket/', { bucket: 'bucket' }],
    ['s3://My_Bucket/team/data/', { bucket: 'My_Bucket', prefix: 'team/data' }],
    ['s3://bucket/a%2Bb'.replace('%2B', '%2D'), { bucket: 'bucket', prefix: 'a-b' }],
    ['s3://b-1/p?endpoint=http://127.0.0.1:9000&region=eu-central-1&pathStyle=false', { bucket: 'b-1', prefix: 'p', endpoint: 'http://127.0.0.1:9000', region: 'eu-central-1', pathStyle: false }],
    ['s3://bucket?endpoint=https%3A%2F%2Fhost', { bucket: 'bucket', endpoint: 'https://host' }],
  ])('%s is understood, and comes back', (url, location) => {
    expect(parseS3Url(url)).toEqual(location)
    expect(parseS3Url(formatS3Location(location))).toEqual(location)
    expect(s3Storage(url).location).toBe(formatS3Location(location))
  })

  test.each([
    'bucket', 'http://bucket/x', 's3:bucket', 's3://', 's3://b', 's3://bucket/a//b', 's3://bucket/a b', 's3://bucket/%', 's3://bucket:80', 's3://bucket#x', 's3://bucket?regoin=x', 's3://bucket?region=a&region=b',
    's3://bucket?region=a/b', 's3://bucket?pathStyle=yes', 's3://bucket?endpoint=host:80', 's3://bucket?endpoint=ftp://host', 's3://bucket?endpoint=http://host?x=1',
  ])('%s is refused', (url) => {
    expect(() => s3Storage(url)).toThrow(InvalidArgumentError)
  })

  test.each(['s3://who:hunter2@bucket', 's3://hunter2@bucket', 's3://bucket?secretAccessKey=hunter2', 's3://bucket?X-Amz-Signature=hunter2', 's3://bucket?endpoint=http://who:hunter2@host', 's3://bucket?endpoint=http%3A%2F%2Fhunter2@host'])(
    'credentials in it are refused, and not repeated: %s', (url) => {
      const error: unknown = (() => {
        try {
          return s3Storage(url)
        } catch (thrown) {
          return thrown
        }
      })()
      expect(error).toBeInstanceOf(InvalidArgumentError)
      expect(JSON.stringify([(error as Error).message, (error as InvalidArgumentError).hint, (error as InvalidArgumentError).data])).not.toContain('hunter2')
    },
  )

  test('settings that make no sense are refused', () => {
    for (const settings of [{ maxRequests: 0 }, { maxAttempts: 1.5 }, { idleTimeoutMs: -1 }, { wholeUpToBytes: -1 }]) expect(() => s3Storage({ bucket: 'bucket' }, settings)).toThrow(InvalidArgumentError)
  })
})
