/**
 * The layer rule: domain <- marc <- mapping <- flow; adapters know only domain; apps join them.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const lib = (name) => `^libs/${name}/`
const libsExcept = (...names) => `^libs/(?!(?:${names.join('|')})/)`

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-imports-nothing',
      severity: 'error',
      from: { path: lib('domain') },
      to: { path: '^(libs/(?!domain/)|apps/)' }
    },
    {
      name: 'marc-knows-domain',
      severity: 'error',
      from: { path: lib('marc') },
      to: { path: [libsExcept('domain', 'marc'), '^apps/'] }
    },
    {
      name: 'mapping-knows-domain-and-marc',
      severity: 'error',
      from: { path: lib('mapping') },
      to: { path: [libsExcept('domain', 'marc', 'mapping'), '^apps/', '^(node:)?(https?|net|fs|timers)(/|$)'] }
    },
    {
      name: 'flow-meets-servers-only-as-ports',
      severity: 'error',
      from: { path: lib('flow') },
      to: { path: [libsExcept('domain', 'marc', 'mapping', 'flow'), '^apps/'] }
    },
    {
      name: 'adapters-know-only-domain',
      severity: 'error',
      from: { path: '^libs/(store|broker|objects|folio|runtime)/' },
      to: { path: ['^libs/(?!(domain|$1)/)', '^apps/'] }
    },
    {
      name: 'no-app-imports-another',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/(?!$1/)', pathNot: '^apps/(coordinator|worker)/src/app\\.ts$' }
    },
    {
      name: 'only-cli-joins-apps',
      severity: 'error',
      from: { path: '^apps/(?!cli/)([^/]+)/' },
      to: { path: '^apps/(?!$1/)' }
    },
    {
      name: 'libs-only-through-their-index',
      severity: 'error',
      from: { path: '^(?:libs|apps)/([^/]+)/' },
      to: { path: '^libs/(?!$1/)[^/]+/src/(?!index\\.ts$)' }
    },
    {
      name: 'each-client-in-its-room',
      severity: 'error',
      from: { path: '^(libs|apps)/' },
      to: {
        path: '(^|/)node_modules/(pg|pg-cursor|node-pg-migrate|kafkajs|@aws-sdk|marc4js)(/|$)'
      }
    }
  ].map((rule) =>
    rule.name === 'each-client-in-its-room'
      ? { ...rule, from: { path: '^(libs|apps)/', pathNot: '^libs/(store|broker|objects|marc)/' } }
      : rule
  ),
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/dist/|^apps/dashboard/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] }
  }
}
