import type { ConfigFault } from './config-faults.ts'
import type { SettingName, SettingValues } from './settings-schema.ts'

/** A claim query (15 s) and an offset commit (15 s): no hint handler takes longer. */
const HANDLER_LIMIT_MS = 30_000

/** Less than the time for which who asks for mapping rules keeps the others from asking. */
const RULES_HOLD_MS = 35_000

interface Rule {
  readonly name: SettingName
  readonly broken: (values: SettingValues) => boolean
  readonly problem: (values: SettingValues) => string
}

/** Times that contradict each other make a healthy node look dead; the process then refuses to start. */
const rules: readonly Rule[] = [
  {
    name: 'LEASE_MS',
    broken: (v) => v.LEASE_RENEW_MS * 3 > v.LEASE_MS,
    problem: (v) =>
      `${v.LEASE_MS} is less than 3 x LEASE_RENEW_MS (${v.LEASE_RENEW_MS}). ` +
      `Set LEASE_MS to ${v.LEASE_RENEW_MS * 3} or more, or LEASE_RENEW_MS to ${Math.floor(v.LEASE_MS / 3)} or less.`
  },
  {
    name: 'KAFKA_SESSION_TIMEOUT_MS',
    broken: (v) => v.KAFKA_HEARTBEAT_MS * 3 > v.KAFKA_SESSION_TIMEOUT_MS,
    problem: (v) =>
      `${v.KAFKA_SESSION_TIMEOUT_MS} is less than 3 x KAFKA_HEARTBEAT_MS (${v.KAFKA_HEARTBEAT_MS}). Raise the one or lower the other.`
  },
  {
    name: 'KAFKA_REBALANCE_TIMEOUT_MS',
    broken: (v) => v.KAFKA_REBALANCE_TIMEOUT_MS <= HANDLER_LIMIT_MS,
    problem: (v) =>
      `${v.KAFKA_REBALANCE_TIMEOUT_MS} is not more than ${HANDLER_LIMIT_MS}, the longest a hint is handled. Raise it, 60000 is the default.`
  },
  {
    name: 'KAFKA_REQUEST_TIMEOUT_MS',
    broken: (v) => v.KAFKA_REQUEST_TIMEOUT_MS <= v.KAFKA_MAX_WAIT_MS + 5_000,
    problem: (v) =>
      `${v.KAFKA_REQUEST_TIMEOUT_MS} is not more than KAFKA_MAX_WAIT_MS + 5000 (${v.KAFKA_MAX_WAIT_MS + 5_000}). Raise the one or lower the other.`
  },
  {
    name: 'HTTP_TIMEOUT_MS',
    broken: (v) => v.HTTP_TIMEOUT_MS > RULES_HOLD_MS,
    problem: (v) =>
      `${v.HTTP_TIMEOUT_MS} is more than ${RULES_HOLD_MS}, after which another coordinator asks for the rules, too. Lower it.`
  },
  {
    name: 'SAVING_CALL_TIMEOUT_MS',
    broken: (v) => v.SAVING_CALL_TIMEOUT_MS >= v.SAVING_DEADLINE_MS,
    problem: (v) =>
      `${v.SAVING_CALL_TIMEOUT_MS} is not less than SAVING_DEADLINE_MS (${v.SAVING_DEADLINE_MS}), the time for all tries. ` +
      'Lower the one or raise the other.'
  },
  {
    name: 'ADMIN_PORT',
    broken: (v) => v.ADMIN_PORT === v.PORT && v.PORT !== 0,
    problem: (v) => `${v.ADMIN_PORT} is PORT, too. Give each a port of its own.`
  },
  {
    name: 'DB_MINSHAREDPOOLSIZE',
    broken: (v) => v.DB_MINSHAREDPOOLSIZE > v.DB_MAXSHAREDPOOLSIZE,
    problem: (v) =>
      `${v.DB_MINSHAREDPOOLSIZE} is more than DB_MAXSHAREDPOOLSIZE (${v.DB_MAXSHAREDPOOLSIZE}). Lower the one or raise the other.`
  }
]

/** The rules that sound values break together; a setting already at fault is judged by its default. */
export function consistencyFaults(values: SettingValues): ConfigFault[] {
  return rules.filter((rule) => rule.broken(values)).map((rule) => ({ name: rule.name, problem: rule.problem(values) }))
}
