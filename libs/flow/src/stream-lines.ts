/** Longer lines lose their middle: a file that is no text costs memory all the same. */
export const MAX_LINE_CHARS = 65_536

/** Lines of UTF-8 text that end with `\n`, `\r\n` or `\r`; the last one may end with the text. Nothing but the line is held. */
export async function* streamLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of pieces) {
    // A `\r` at the end may be the first half of `\r\n`.
    const lines = (rest + decoder.decode(piece, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > MAX_LINE_CHARS) rest = rest.slice(0, MAX_LINE_CHARS)
  }
  rest += decoder.decode()
  if (rest !== '') yield rest.replace(/\r$/, '')
}
