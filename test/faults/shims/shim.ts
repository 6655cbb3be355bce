import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const preload = (file: string): string => `--import=${pathToFileURL(join(import.meta.dirname, file)).href}`

/** A worker whose mapping threads never come back from a record with this text, or take all memory there. */
export function mapperInTrouble(how: 'spin' | 'grow', text: string): Record<string, string> {
  return { NODE_OPTIONS: preload('mapper.js'), MAPPER_FAULT: `${how}:${text}` }
}

/** A process on a machine whose clock is wrong. */
export function clockShiftedBy(ms: number): Record<string, string> {
  return { NODE_OPTIONS: preload('clock.js'), CLOCK_SHIFT_MS: String(ms) }
}
