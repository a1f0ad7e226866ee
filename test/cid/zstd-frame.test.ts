import { describe, expect, test } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import { portablePlatform } from '../../src/cid/portable-platform.ts'
import { assertZstdFrame } from '../../src/cid/zstd-frame.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { Random } from '../fuzz/random.ts'

/** Three blocks with tables of their own, made by the reference encoder (zstd 1.5, level 1) of `table()`. */
const FRAME: Uint8Array = Uint8Array.from(atob([
  'KLUv/QBI5FYAKpQ5KwugVQckSUI8/g88Q60CsAKwAg8pFk4clLiMGLBxlCBuGToorwdaP1Y3Ui9OJ0ofRhe2B0Evw4B3lHbLGpR04HyUjXGxE8HDCgspHJxwKWHACEfZcEsQBmW4A+8+2m2su0g3ce',
  '6h3MK4g71LcAMGO8qzW5oNyrIDyT6ObRS7GDax9hDYwlAHry6tBqw6SqpbTg1KqQOjPrY2groYaOLRQ6OFRQeJLocGFDrKoFuWBiWgA8N8vNloc7FmIs3DmYUyB2MuOwOCOcogtzwZlCYHlnwk2Thy',
  'UWRiyMPKQiAHQ1xeDGhxlBW3pBiUEwdKfIzY2LgIYmLow+tC68HqJXXA6VFKbxkdlO2BoB/DxrtoE+shLZyDchkD9ijBLSsMSgoHTvgoYWOEiw0TQXgYbuHdQbvLugHpjnLulnKDMu7A3kdwG4NdPJ',
  'to9rBsIdnBsUuxAcOOsnZLYIMy1IFXH602Vl2kmjj1UGph1MHWJagBAx3l0S2NBmXRgUQfhzYKXQyaWHoIaGGYgzeXNgPWHCXNLWcGpcyBMR87G8FcDDLx5KHJwpKDJJcjA4ocZcgtK4MSyIEhPl5s',
  'tLhYMZHi4cRCiYMRl40BQRxl6C2vg9J6YPUjdeP0onRi9GG7EPRguLwB7SjrljQo50D5GBt7EUys8JDCwgkHJVxGGLDhKEG4ZbhBeXeg3ce6jXQX5ybKPYxb2DsI7jLYgGdHaXbLskFJduDYR7GNYR',
  'drE4E9DLXw6qDVZdWAVEc5dUupQRl1YOsjqI2BLh5NNHpYtJDo4NCl0IBBR1m6JaBBGebAm482G2su0kyceSizMOZg5xLMgEGO8uSWJoOy5ECSjyMbRS6GTKw8BLIwxMGLS4sBK46S4pYTg1LiwIiP',
  'jY0gLoZOvD60LqwepF5OB5QeZfSW7aAEPTB8vI12sSbSw1koB+OyA4Ibw1y8mWjzsGYhzcGZS5kBY46yc0swgzLIgScfTTaWXCSZOPJQZGHIwcolkAFDHOXFLS0GZcWBFB8nNkpcjJjYeAhiYejB66',
  'V1wOpRUm85HZTSA6Mf242gF8PEe2gL6yBdzoBylHHLDkpwYIWPFDZOuChhYoSHDQtBOBju8m5Au6OsuyXdoJw7UO5j3MbeRXATgz08W2h2sOySbMCxoxS7ZdigrB0I7GOojVcXrSZWPaRaOHVQ6jJq',
  'wNZRgrploEF5dKDRx6KNRBeHJgo9DFpYOgjoMsyAN0dpc8uaQUlz4MxHmY0xFzsTwTwMsvDkoMllyYAkRzlyS5FBGXJg5SOQjSEuXky0eFixkOLgxKXEgBFH2bgliEEZeuD1o3Vj9SJ14vShdGH0YH',
  'sJOmA4yrulDco6kD7ORrkYE/sQLKxwkMLlhAElHGWEWzYMShAODPfxbqPdxbqJdA/nFsodjLvsDQjuKIPd8mxQmh1Y9pFs49hFsYlhD2sLgR0MdXk1oNVRVt2SalBOHSj1MWpj6yKoiYEeHi00Olh0',
  'STTg0FEK3TJoUJYOBPQxzMabizYTax7SLJw5KHMZM2DnKMHcMsigPDnQ5GPJRpKLIxNFHoYsrBwEchliwIujtLhlxaCkOHDio8TGiIuNiSAehi68HrReVgekHuX0ltJBGT2w/Qi6MVy8ifawFtLBuZ',
  'QB4yh7SzAoKxxI4eOEjRIuRpjY8BCEheEO3l3aDVh3lHS3nBuUcgfGfextBHcx2MSzh2YLyw6SXY4NKHaUYbesDUpgB4b6eLXR6mLVRKqHUwulDkZdtgYEdZSBbnk0KI0OLPpItHHootDEoIelhYAO',
  'hrm8GdDmKGtuSTMoZw6U+RizsXMRzMQgD08WmhwsuSQZcOQoRW4ZMigrBwL5GGLjxUWLiRUBoBQ7MOxjbSOwi6EmXj20Wlh1kOpyakCpo4y6ZWtQgjow0MejjUYXiyYSPRxaKHQw6LI0IKCjDHPLm0',
  'Fpc2DNR5qNMxdlJsY87CwEczDI5cmAJkdZckuSQTlyoMjHkI2Vi0Amhnh4sdDiYMUlxYATRylxy4hB2TgQxMfQjdeL1onVh9SF04PSy+iA7VGC3jIMyjvQPtZGujgT5WEs7EFwWWFACkc54ZYSBmWE',
  'Axs+grAx3MW7iXYP6xbSHZy7lBsw7ih7twQ3KIMdePbRbGPZRbKJYw/FFoYdrF0CGzDUUV7d0mpQVh1I9XFqo9TFqImth6AWBjp4dGk0YNFREt1yaFAKHRj0sbQR0MUwE28e2iysOUhzOTOgzFHG3L',
  'IzKMEcGOTjyUaTiyUTSR6OLBQ5GHJZGRDIUYa45cWgtDiw4iPFxomLEhMjHjYWgjgYenkd0HqU1VtSB+X0QOnH6Mb2IujE8PAW2sG6pAHnKOWWMSh7IPhYYSOFixMmSngYYWHDQRAuww14d5R2t6wb',
  'lHQHzn2U2xh3sTcR3MNgC88Oml2WDUh2lGO3FBuUYQfWPgLbGOri1USrh1ULqQ5OXUoNGHWUrVuCGpSBDjz6aLSx6CLRxKGHQguDDpYuAQ0Y5ihvbmkzKGsOpPk4s1HmYszEzkMwC4McPLk0GbDkKE',
  'luOTIoRQ4M+VjZCORiiIkXDy0WVhykuJwYUOIoI27ZGJQgDgz9eN1ovVidSH04XSg9GL1sBwQ9ynDLG5R2YH2kjXNRJsbDLgQHK1xSGHDCUUq4ZYRB2XAgCB/Dbby7aDex7iHdwrmDcpdxA/aOEtwt',
  'gw3KswPNPpZtJLs4NlHsYdjC2kFgl6EGvDpKq1tWDUqqA6c+Sm2MutiaCOphoIVHB40uiwYkOsqhWwoNyqADSx8BBUdZ4ZYUBuWEAyV8jLCx4SIIE8M9vFtod7Dukm7AuaOUu2XcoOwdCO5jsI1nF8',
  '0mlj0kWzh2UOwybMDaUQK7ZahBeXWg1ceqjVQXpyZKPYxa2DoI6jLQgEdHaXTLokFJdODQR6GNQRdLEwE9DLPw5qDNZc2ANEc5c0uZQRlzYOcjmI1BLp5MNHlYspDk4MilyIAhR1m5JZBBGeLAi48W',
  'GysuUkyceCixMOJg4xLEgKFHeb2ldVBWD6R+nG6UXoxObB+CLgwH79IGrKOkW86glAPjYzeCixUmUng4YaGEgxEuGwYE4SjD3fJuUNodWPeRbuPcRbmJcQ97C8EdDHZ5NqDZUZbdkmxQjh0o9jFsY+',
  '0isImhHl4ttDpYdUk14NRRSt0yalC2DgT1MdDGo4tGE4seEi0cOih0GTRg6SgB3TLMoLw50OZjzUaaizMTZR7GLOwcBHMZZMCTozS5ZcmgJDlw5KPIxpCLlYlAHoZYeHHQ4rJiQIqjnLilxKCMOLDx',
  'EcTG0IvXidaH1YXUg9NL6YDRo2xvCToow4H30TbWRZo4D2VhHOwlGLDCUVK45YRBKeHACB8bNoJwMdzEu4d2C+sO0l3ODSh3lHG37A1KcAcG+3i20exi2USyh2MLxQ6GXdYGBHaUoW55NSitDqz6SL',
  'Vx6qLUxKiHrYWgDga6PBrQ6CiLbkk0KIcOFPoYtLF0EdDEMA9vFtocrLmkGXDmKGVuGTMoOweC+Rhk48lFk4klD0kWjhwUuQwZsHKUQG4ZYlBeHGjxsWIjxcWJiRIPIxY2DoK4DB3wepTWW1YHJfXA',
  '6UfpxujFdiLow7DwDtplDUhHObeUQRkH9iPYWOEihYkTHkpYGOFgwyUIA4Y7yrtb2g3KugPpPs5tlLsYN7H3ENzCYAfPLs0GLDtKsluOHQEAQrlrXpT5qQJNAAAICgEAUoU5EAI=',
].join('')), (character) => character.charCodeAt(0))

function table(): Uint8Array {
  return utf8(Array.from({ length: 45_000 }, (_, row) => `${row % 97},${row % 13}`).join('\n'))
}

const malformed = expect.objectContaining({ code: 'MALFORMED_DATA' }) as Error

/** A frame of one segment, `size` bytes, in one compressed block. */
function frameOf(size: number, block: readonly number[]): Uint8Array {
  const head = (block.length << 3) | 0b101
  return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, size & 255, (size >> 8) & 255, (size >> 16) & 255, size >> 24, head & 255, head >> 8, 0, ...block])
}

describe('a Zstandard frame', () => {
  test('of the reference encoder is read, whole and as long as it is', () => {
    const plain = table()
    expect(equalBytes(portablePlatform.unzstd(FRAME, plain.length), plain)).toBe(true)
    for (const size of [plain.length - 1, plain.length + 1, 0]) expect(() => assertZstdFrame(FRAME, size)).toThrow(malformed)
    for (const length of [0, 4, 8, 9, 100, FRAME.length - 1]) expect(() => assertZstdFrame(FRAME.subarray(0, length), plain.length)).toThrow(malformed)
  })

  test('may not be followed by anything', () => {
    for (const more of [[0], [...FRAME], [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]]) expect(() => assertZstdFrame(Uint8Array.from([...FRAME, ...more]), table().length)).toThrow(malformed)
  })

  test('that claims to copy far more than a block may is refused before that is tried', () => {
    // 98,302 sequences without a bit to them, each of a match of 65,539 bytes: fzstd alone goes on for minutes.
    const endless = frameOf(4096, [0, 255, 255, 255, 0b01010100, 0, 0, 52, 0xff, 0x80])
    // Matches of 65,538 bytes whose bits are all there: 100 of them give 6.5 MB.
    const large = frameOf(1024 * 1024, [0, 100, 0b01010100, 0, 0, 51, ...Array<number>(188).fill(0xff), 1])
    const startedAt = performance.now()
    for (const platform of [nodePlatform, portablePlatform]) {
      for (const [frame, size] of [[endless, 4096], [large, 1024 * 1024]] as const) expect(() => platform.unzstd(frame, size)).toThrow()
    }
    expect(() => assertZstdFrame(endless, 4096)).toThrow(malformed)
    expect(() => assertZstdFrame(large, 1024 * 1024)).toThrow(malformed)
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })

  test.runIf(nodePlatform.zstd !== undefined)('of this runtime is read, whatever is in it', () => {
    const random = new Random(1)
    const plain = table()
    for (let round = 0; round < 60; round++) {
      const start = random.below(plain.length)
      const bytes = Uint8Array.from([...plain.subarray(start, start + random.below(200_000)), ...random.bytes(random.below(3000)), ...new Uint8Array(random.below(2) * 70_000)])
      const frame = nodePlatform.zstd?.(bytes, round % 2 === 0 ? 'fast' : 'best') ?? bytes
      expect(equalBytes(portablePlatform.unzstd(frame, bytes.length), bytes)).toBe(true)
    }
  })
})
