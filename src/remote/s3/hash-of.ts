import { toHex } from '../../bytes.ts'

/** SHA-256 in the two forms that requests want. Computed beside this thread. */
export async function hashOf(bytes: Uint8Array): Promise<{ readonly hex: string; readonly base64: string }> {
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return { hex: toHex(digest), base64: Buffer.from(digest).toString('base64') }
}
