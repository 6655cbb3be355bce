/**
 * A JSON number as Java prints it: integers of any size keep their digits (`-0` is `0`), everything else is a double, plain
 * from 10⁻³ up to 10⁷ and with an exponent beyond, always with a decimal.
 *
 * @param literal a number as JSON spells it
 */
export function javaNumber(literal: string): string {
  if (!/[.eE]/.test(literal)) return literal === '-0' ? '0' : literal
  const value = Number(literal)
  if (!Number.isFinite(value)) return value < 0 ? '-Infinity' : 'Infinity'
  if (value === 0) return literal.startsWith('-') ? '-0.0' : '0.0'

  const [mantissa = '', exponentText = '0'] = Math.abs(value).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const exponent = Number(exponentText)
  return (value < 0 ? '-' : '') + (exponent >= -3 && exponent < 7 ? plain(digits, exponent) : scientific(digits, exponent))
}

function plain(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${whole}.${digits.slice(exponent + 1) || '0'}`
}

function scientific(digits: string, exponent: number): string {
  return `${digits.charAt(0)}.${digits.slice(1) || '0'}E${exponent}`
}
