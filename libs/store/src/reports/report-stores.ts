import type { ReportBuildStore, ReportStore } from '@marc-migrations/domain'
import type { StoreContext } from '../store-context.ts'
import { addErrors } from './add-errors.ts'
import { beginBuild } from './begin-build.ts'
import { failedSteps } from './failed-steps.ts'
import { finishBuild } from './finish-build.ts'
import { holdReport } from './hold-report.ts'
import { reportErrors, reportStatus } from './read-report.ts'
import { requestReport } from './request-report.ts'
import { visitReports } from './visit-reports.ts'

export function reportStore(context: StoreContext): ReportStore {
  return {
    request: (tenant, id) => requestReport(context, tenant, id),
    status: (tenant, id) => reportStatus(context, tenant, id),
    errors: (tenant, id, page) => reportErrors(context, tenant, id, page)
  }
}

export function reportBuildStore(context: StoreContext): ReportBuildStore {
  return {
    visit: (everyMs, limit) => visitReports(context, everyMs, limit),
    hold: (report, forMs) => holdReport(context, report, forMs),
    begin: (report) => beginBuild(context, report),
    failedSteps: (build) => failedSteps(context, build),
    add: (build, step, firstLine, rows) => addErrors(context, build, step, firstLine, rows),
    finish: (build, status) => finishBuild(context, build, status)
  }
}
