import { count } from '../format.ts'
import type { Progress } from '../progress.ts'

/** Two parts of one bar: what went well, then what was rejected. Never over its end, whatever arrives. */
export function ProgressBar({ progress, label }: { readonly progress: Progress; readonly label: string }) {
  const { good, rejected, total, running, counted } = progress
  const share = (part: number) => (total === 0 ? 0 : Math.min(100, (part * 100) / total))
  const percent = Math.floor(share(good + rejected))
  const text = counted ? `${percent} %` : 'counting'
  return (
    <div
      class={`bar ${progress.tone} ${running && !counted ? 'unknown' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(counted ? { 'aria-valuenow': percent } : {})}
      aria-valuetext={`${text}, ${count(good)} done, ${count(rejected)} rejected`}
    >
      <div class="good" style={{ width: `${counted ? share(good) : 0}%` }} />
      <div class={rejected > 0 ? 'rejected some' : 'rejected'} style={{ width: `${counted ? share(rejected) : 0}%` }} />
      <span aria-hidden="true">{text}</span>
    </div>
  )
}
