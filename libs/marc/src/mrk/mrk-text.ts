const MNEMONICS: ReadonlyMap<string, string> = new Map([
  ['dollar', '$'],
  ['lcub', '{'],
  ['rcub', '}'],
  ['bsol', '\\'],
  ['esc', '\x1b']
])
const SIGNS: ReadonlyMap<string, string> = new Map([...MNEMONICS].map(([name, sign]) => [sign, `{${name}}`]))

/** A value as it stands in a field of MRK: signs that mean something there as mnemonics, control characters as references. */
export function escapeMrk(value: string): string {
  return value
    .replace(/[${}\\\x1b]/g, (sign) => SIGNS.get(sign) ?? sign)
    .replace(/&(?=#x[0-9A-F]{2};)/g, '&#x26;')
    .replace(/[\x00-\x1f]/g, (character) => `&#x${hex(character)};`)
}

/** @param unknown is told each mnemonic that is not known; it is kept as it stands */
export function unescapeMrk(text: string, unknown: (mnemonic: string) => void): string {
  if (!/[{&]/.test(text)) return text
  const references = text.replace(/&#x(26|[01][0-9A-F]);/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16))
  )
  return references.replace(/\{([a-z0-9]+)\}/gi, (whole, name: string) => {
    const sign = MNEMONICS.get(name.toLowerCase())
    if (sign === undefined) unknown(whole)
    return sign ?? whole
  })
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
}
