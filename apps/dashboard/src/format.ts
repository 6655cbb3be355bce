const whole = new Intl.NumberFormat('en')
const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

export function count(value: number): string {
  return whole.format(Math.round(value))
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** `45 s`, `3 min`, `2 h 05 min`: no more than anyone would say aloud. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

export function since(time: string, now: number): string {
  const seconds = Math.round((Date.parse(time) - now) / 1000)
  if (Math.abs(seconds) < 60) return 'just now'
  if (Math.abs(seconds) < 3600) return ago.format(Math.round(seconds / 60), 'minute')
  if (Math.abs(seconds) < 86_400) return ago.format(Math.round(seconds / 3600), 'hour')
  return ago.format(Math.round(seconds / 86_400), 'day')
}

export function clockTime(time: string): string {
  return new Date(time).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium' })
}

export function bytes(length: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = length
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ''}`
}
