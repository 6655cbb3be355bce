import type { RecordBuffer } from '../record/record-buffer.ts'
import type { TagPlan } from './compile-tag.ts'
import type { Run } from './run.ts'

/** The plans of all tags; `of` gives undefined for a tag that is not mapped. */
export interface TagPlans {
  of(tag: string): TagPlan | undefined
}

/**
 * Fills the run's draft from a record: leader, then control fields with 001 first, then fields in the order they stand in.
 *
 * @throws {RecordFailed} when the mapper gives nothing for the record
 */
export function mapRecord(plans: TagPlans, run: Run, record: RecordBuffer): void {
  run.beginRecord(record.leader)
  mapControl(plans, run, 'LDR', record.leader)
  if (record.controlNumber !== undefined) mapControl(plans, run, '001', record.controlNumber)
  for (let i = 0; i < record.controlCount; i++) {
    const control = record.controls[i]
    if (control !== undefined) mapControl(plans, run, control.tag, control.value)
  }
  for (let i = 0; i < record.fieldCount; i++) {
    const field = record.fields[i]
    if (field === undefined) continue
    let plan = plans.of(field.tag)
    if (plan === undefined) continue
    let tag = field.tag
    if (plan.replacedTag !== null) {
      tag = plan.replacedTag(field, tag)
      plan = plans.of(tag)
      if (plan === undefined) continue
    }
    run.beginField(tag, field)
    plan.data(run)
  }
}

function mapControl(plans: TagPlans, run: Run, tag: string, text: string): void {
  const plan = plans.of(tag)
  if (plan === undefined) return
  run.beginField(tag, null)
  plan.control(run, text)
}
