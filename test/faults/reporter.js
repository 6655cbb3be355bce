// Prints one line per fault as it ends, and leaves the results for `run.js` in FAULTS_FILE.
import { appendFileSync } from 'node:fs'

export default class FaultReporter {
  onTestCaseResult(testCase) {
    const { state, errors = [] } = testCase.result()
    if (state !== 'passed' && state !== 'failed') return
    const { seen = [], done, expected } = testCase.meta().fault ?? {}
    const seconds = Math.round((testCase.diagnostic()?.duration ?? 0) / 1000)
    const error = errors[0]?.message.split('\n')[0]
    const facts = [...seen, ...(error === undefined ? [] : [error])].join('; ')
    console.log(`${state} ${testCase.name}, ${seconds} s${facts === '' ? '' : `: ${facts}`}`)
    const result = { name: testCase.name, state, seconds, done, expected, seen: facts }
    if (process.env.FAULTS_FILE !== undefined) appendFileSync(process.env.FAULTS_FILE, `${JSON.stringify(result)}\n`)
  }
}
