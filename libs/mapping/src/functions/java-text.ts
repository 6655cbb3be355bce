/** Java's rules for text where JavaScript's differ. */

/** `String.trim`: drops every unit up to U+0020 at both ends; no-break and other Unicode spaces stay. */
export function javaTrim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= 0x20) start++
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/** `Character.isWhitespace` for every unit: Unicode white space without the no-break spaces. */
export function isBlank(text: string): boolean {
  return !/[^\t-\r\u001c-\u0020\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]/.test(text)
}

/** Two texts are equal without regard to letter case, as `equalsIgnoreCase` sees it, exactly when their folds are the same. */
export function foldCase(text: string): string {
  if (/^[\u0000-\u007f]*$/.test(text)) return text.toLowerCase()
  let folded = ''
  for (let i = 0; i < text.length; i++) folded += lowerUnit(upperUnit(text.charAt(i)))
  return folded
}

/** One unit in title case; what has no title case of one unit (`ß`, `ﬁ`) stays. */
export function titleUnit(unit: string): string {
  const code = unit.charCodeAt(0)
  if (code >= 0x10d0 && code <= 0x10ff) return unit // Georgian: titles are written in the same letters
  if (code >= 0x01c4 && code <= 0x01cc) return ['ǅ', 'ǈ', 'ǋ'][Math.floor((code - 0x01c4) / 3)] ?? unit
  if (code >= 0x01f1 && code <= 0x01f3) return 'ǲ'
  return upperUnit(unit)
}

function upperUnit(unit: string): string {
  const upper = unit.toUpperCase()
  if (upper.length === 1) return upper
  const code = unit.charCodeAt(0)
  // Greek letters with iota below: one unit in Java, two in JavaScript.
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCharCode(code | 8)
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCharCode(code + 9)
  return unit
}

function lowerUnit(unit: string): string {
  if (unit === '\u0130') return 'i'
  const lower = unit.toLowerCase()
  return lower.length === 1 ? lower : unit
}

/** First and last unit of a run of characters with ascending values, and the value of the first. */
type ValueRun = readonly [first: number, last: number, value: number]

const VALUE_RUNS: readonly ValueRun[] = [
  [0x30, 0x39, 0],
  [0x41, 0x5a, 10],
  [0x61, 0x7a, 10],
  [0xb2, 0xb3, 2],
  [0xb9, 0xb9, 1],
  [0x2070, 0x2070, 0],
  [0x2074, 0x2079, 4],
  [0x2080, 0x2089, 0],
  [0x2160, 0x216b, 1],
  [0x216c, 0x216c, 50],
  [0x216d, 0x216d, 100],
  [0x216e, 0x216e, 500],
  [0x216f, 0x216f, 1000],
  [0x2170, 0x217b, 1],
  [0x217c, 0x217c, 50],
  [0x217d, 0x217d, 100],
  [0x217e, 0x217e, 500],
  [0x217f, 0x217f, 1000],
  [0x2180, 0x2180, 1000],
  [0x2181, 0x2181, 5000],
  [0x2182, 0x2182, 10000],
  [0x2185, 0x2185, 6],
  [0x2186, 0x2186, 50],
  [0x2187, 0x2187, 50000],
  [0x2188, 0x2188, 100000],
  [0x2460, 0x2473, 1],
  [0x2474, 0x2487, 1],
  [0x2488, 0x249b, 1],
  [0x24ea, 0x24ea, 0],
  [0x24eb, 0x24f4, 11],
  [0x24f5, 0x24fe, 1],
  [0x24ff, 0x24ff, 0],
  [0x2776, 0x277f, 1],
  [0x2780, 0x2789, 1],
  [0x278a, 0x2793, 1],
  [0x3251, 0x325f, 21],
  [0x32b1, 0x32bf, 36],
  [0xff21, 0xff3a, 10],
  [0xff41, 0xff5a, 10]
]

const DIGIT = /\p{Nd}/u

/**
 * `Character.getNumericValue` of one UTF-16 unit: digits of any script, letters as 10 to 35, superscripts, circled numbers
 * and Roman numerals; negative for everything else.
 */
export function numericValue(unit: number): number {
  for (const [first, last, value] of VALUE_RUNS) {
    if (unit >= first && unit <= last) return value + unit - first
  }
  if (unit < 0x80 || !DIGIT.test(String.fromCharCode(unit))) return -1
  // Digits of a script stand in runs of ten that begin with its zero.
  let zero = unit
  while (unit - zero < 9 && DIGIT.test(String.fromCharCode(zero - 1))) zero--
  return unit - zero
}
