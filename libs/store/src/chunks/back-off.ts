/** The wait before an attempt after `attempts` that counted, as SQL: 2^n s, 60 s at the most, less up to a half by chance. */
export function backOff(attempts: string): string {
  return `least(60, power(2, least(${attempts}, 6))) * (0.5 + random() / 2) * interval '1 s'`
}
