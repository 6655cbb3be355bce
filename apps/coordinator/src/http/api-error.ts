/** One entry of the error envelope. `type` is the class name FOLIO's clients compare; `value` is `null` for a missing one. */
export interface ErrorEntry {
  readonly message: string
  readonly type: string
  readonly code: 'validation_error' | 'not_found_error' | 'service_error'
  readonly parameters?: readonly { readonly key: string; readonly value: string }[]
}

/** An answer other than success, as the list envelope of FOLIO's contract shows it. */
export class ApiError extends Error {
  readonly status: number
  readonly entries: readonly ErrorEntry[]

  constructor(status: number, entries: readonly ErrorEntry[]) {
    super(entries[0]?.message ?? '')
    this.name = 'ApiError'
    this.status = status
    this.entries = entries
  }
}

/** @see contract of mod-marc-migrations: a list although its OpenAPI shows one flat object, and a snake-case total */
export function errorEnvelope(entries: readonly ErrorEntry[]): { errors: readonly ErrorEntry[]; total_records: number } {
  return { errors: entries, total_records: entries.length }
}

function invalid(status: number, type: string, message: string, parameter?: { key: string; value: string }): ApiError {
  return new ApiError(status, [
    { message, type, code: 'validation_error', ...(parameter === undefined ? {} : { parameters: [parameter] }) }
  ])
}

/** A path or query value of the wrong type. */
export function typeMismatch(parameter: string, javaType: string, detail: string): ApiError {
  return invalid(
    400,
    'MethodArgumentTypeMismatchException',
    `Method parameter '${parameter}': Failed to convert value of type 'java.lang.String' to required type '${javaType}'; ${detail}`
  )
}

/** Query values out of their range, one entry for each. */
export function outOfRange(messages: readonly string[]): ApiError {
  return new ApiError(
    400,
    messages.map((message) => ({ message, type: 'ConstraintViolationException', code: 'validation_error' }))
  )
}

/** A value that is none of an enumeration's, or that makes no sense. */
export function illegalArgument(message: string): ApiError {
  return invalid(400, 'IllegalArgumentException', message)
}

/** A body that is missing, no JSON, or of the wrong shape. */
export function unreadableBody(detail?: string): ApiError {
  const message = detail === undefined ? 'Required request body is missing' : `JSON parse error: ${detail}`
  return invalid(400, 'HttpMessageNotReadableException', message)
}

/** Required properties that are absent or null, one entry for each. */
export function missingProperties(names: readonly string[]): ApiError {
  return new ApiError(
    422,
    names.map((key) => ({
      message: 'must not be null',
      type: 'MethodArgumentNotValidException',
      code: 'validation_error',
      parameters: [{ key, value: 'null' }]
    }))
  )
}

/** A header without which the request cannot be served. */
export function badHeader(message: string): ApiError {
  return invalid(400, 'MissingRequestHeaderException', message)
}

/** A request that is well formed and refused all the same. */
export function refused(message: string, parameter?: { key: string; value: string }): ApiError {
  return invalid(422, 'ApiValidationException', message, parameter)
}

/** A value that is known, but not accepted here. */
export function unexpectedValue(field: string, value: string): ApiError {
  return refused(`Unexpected value '${value}' in field '${field}'`, { key: field, value })
}

/** An action that the operation's state does not allow. */
export function notAllowed(action: string, field: string, value: string): ApiError {
  return refused(`Not allowed ${action} action for operation with value '${value}' in field '${field}'`, {
    key: field,
    value
  })
}

export function operationNotFound(id: string): ApiError {
  const message = `MARC migration operation was not found [id: ${id}]`
  return new ApiError(404, [{ message, type: 'NotFoundException', code: 'not_found_error' }])
}

/** A path nothing answers to. */
export function noRoute(path: string): ApiError {
  return new ApiError(404, [
    { message: `There is no ${path} here`, type: 'NoResourceFoundException', code: 'not_found_error' }
  ])
}
