import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'

export interface SealedText {
  readonly keyId: string
  readonly nonce: Buffer
  readonly sealed: Buffer
}

/** AES-256-GCM under one key; the text is bound to its place, so that a row moved elsewhere does not open. */
export interface SecretBox {
  seal(text: string, place: string): SealedText
  /** Null when it was sealed under another key. */
  open(secret: SealedText, place: string): string | null
}

const TAG_BYTES = 16

export function openSecretBox(secret: string): SecretBox {
  const key = Buffer.from(hkdfSync('sha256', secret, 'marc-migrations', 'stage secret', 32))
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, 16)
  return {
    seal(text, place) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return { keyId, nonce, sealed }
    },
    open(secret, place) {
      if (secret.keyId !== keyId) return null
      const split = secret.sealed.length - TAG_BYTES
      const decipher = createDecipheriv('aes-256-gcm', key, secret.nonce)
        .setAAD(Buffer.from(place))
        .setAuthTag(secret.sealed.subarray(split))
      return Buffer.concat([decipher.update(secret.sealed.subarray(0, split)), decipher.final()]).toString('utf8')
    }
  }
}
