/** A file name as the API takes it: what is no letter, digit, dot, dash or underscore becomes a dash. */
export function sourceName(fileName: string): string {
  const plain = fileName
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\w.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
  return plain === '' ? 'records.mrc' : plain.slice(0, 128)
}
