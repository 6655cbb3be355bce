export { directoryRules } from './directory-rules.ts'
