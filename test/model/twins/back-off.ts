/** The wait before an attempt after `attempts` that counted, in ms: 2^n s, 60 s at the most, less up to a half by chance. */
export function backOff(attempts: number, random: number): number {
  return Math.min(60, 2 ** Math.min(attempts, 6)) * (0.5 + random / 2) * 1000
}
