/** Whether an Accept header leaves room for JSON. An absent one does. */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const refusedByWeight = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
    return !refusedByWeight && ['*/*', 'application/*', 'application/json', 'application/*+json'].includes(type)
  })
}
