import { TextDecoder } from 'node:util'

/** Reads the bytes of an XML file as text in the encoding that its mark or its declaration names; UTF-8 otherwise. */
export class XmlText {
  #decoder: TextDecoder | undefined
  #head: Buffer = Buffer.alloc(0)
  /** How to count the bytes of decoded text again. */
  #counting: BufferEncoding = 'utf8'

  /** @throws {RangeError} when the file names an encoding that is not known */
  push(bytes: Uint8Array): string {
    if (this.#decoder !== undefined) return this.#decoder.decode(bytes, { stream: true })
    this.#head = Buffer.concat([this.#head, bytes])
    if (this.#head.length < HEAD_BYTES && !this.#head.includes('>')) return ''
    return this.#start()
  }

  end(): string {
    if (this.#decoder === undefined) return this.#start() + this.#end()
    return this.#end()
  }

  /** Bytes that `text` had in the file; exact for UTF-8, UTF-16 and one-byte encodings. */
  byteLength(text: string): number {
    return Buffer.byteLength(text, this.#counting)
  }

  #start(): string {
    const encoding = encodingOf(this.#head)
    this.#decoder = new TextDecoder(encoding, { ignoreBOM: true })
    this.#counting = encoding.startsWith('utf-16')
      ? 'utf16le'
      : /^(iso-8859|windows-125|us-ascii)/i.test(encoding)
        ? 'latin1'
        : 'utf8'
    return this.#decoder.decode(this.#head, { stream: true })
  }

  #end(): string {
    return this.#decoder?.decode() ?? ''
  }
}

const HEAD_BYTES = 1024

function encodingOf(head: Buffer): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  if (head[0] === 0x3c && head[1] === 0) return 'utf-16le'
  if (head[0] === 0 && head[1] === 0x3c) return 'utf-16be'
  const declaration = /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(head.toString('latin1'))
  const named = declaration?.[1] ?? 'utf-8'
  // A declaration that could be read byte by byte was not written in UTF-16, whatever it says
  return /^utf-?16/i.test(named) ? 'utf-8' : named
}
