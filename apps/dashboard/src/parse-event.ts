/** One event without its blank line; a comment has no name. */
export function parseEvent(text: string): { readonly name: string; readonly data: string } {
  const lines = text.split('\n')
  const values = (field: string) =>
    lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).trimStart())
  return { name: values('event')[0] ?? '', data: values('data').join('\n') }
}
