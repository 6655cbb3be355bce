import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { Api } from './api.ts'
import { namedSchemas } from './schemas.ts'

const tags = [
  { name: 'migrations', description: 'Operations, their chunks and their stages' },
  { name: 'control', description: 'Pause, resume, cancel' },
  { name: 'reports', description: 'Why records failed' },
  { name: 'sources', description: 'Files to import' },
  { name: 'cluster', description: 'Who works' },
  { name: 'tenant', description: "FOLIO's tenant interface" },
  { name: 'admin', description: 'Health and facts' }
]

/** The OpenAPI 3.1 document of every route added after it, at /openapi.json, and a page to read it at /docs. */
export async function serveOpenApi(api: Api, version: string): Promise<void> {
  for (const schema of namedSchemas) api.addSchema(schema)
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'marc-migrations', version, description: 'Remaps and saves MARC records with any number of workers.' },
      tags
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema['$id'] === 'string' ? schema['$id'] : `schema-${index}`
    }
  })
  await api.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { docExpansion: 'list', validatorUrl: null }
  })
  api.get('/openapi.json', { schema: { hide: true } }, () => api.swagger())
}
