import { MigrationError } from '@marc-migrations/domain'
import type {
  EntityType,
  FileFormat,
  FileSource,
  Logger,
  NewId,
  Operation,
  OperationStore,
  OperationType,
  RecordSource,
  SourceFile,
  SourceFileStore
} from '@marc-migrations/domain'

export interface StartRequest {
  readonly tenant: string
  readonly userId: string
  readonly entityType: EntityType
  readonly operationType: OperationType
  /** The uploaded file an import reads; its format is the recognised one unless named. */
  readonly source?: { readonly name: string; readonly format?: FileFormat }
  readonly idempotencyKey?: string
  /** Okapi headers of the request, token included. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface StartPorts {
  readonly sources: (operationType: OperationType) => RecordSource
  readonly logger: Logger
  readonly operations: OperationStore
  readonly sourceFiles: SourceFileStore
  readonly newId: NewId
}

/**
 * Commits an operation NEW and armed, so that any coordinator takes it up from here on.
 *
 * @throws {MigrationError} SOURCE_NOT_FOUND, SOURCE_UNREADABLE, TENANT_UNKNOWN, IDEMPOTENCY_KEY_REUSED
 */
export async function startOperation(request: StartRequest, ports: StartPorts): Promise<Operation> {
  const source = request.operationType === 'import' ? await findSource(request, ports.sourceFiles) : null
  const operation = await ports.operations.start({
    id: ports.newId(),
    tenant: request.tenant,
    userId: request.userId,
    entityType: request.entityType,
    operationType: request.operationType,
    source,
    totalRecords: 0,
    ...(request.idempotencyKey === undefined ? {} : { idempotencyKey: request.idempotencyKey }),
    ...(request.headers === undefined ? {} : { headers: request.headers })
  })
  void countBesideTheSplit(operation, ports)
  return operation
}

/** A total for those who wait, long before the seal knows it; the seal is right, whatever this found. */
async function countBesideTheSplit(operation: Operation, ports: StartPorts): Promise<void> {
  try {
    const total = await ports.sources(operation.operationType).count(operation)
    if (total !== null) await ports.operations.setTotal(operation.tenant, operation.id, total)
  } catch (err) {
    ports.logger.warn({ tenant: operation.tenant, operationId: operation.id, err }, 'count.failed')
  }
}

async function findSource(request: StartRequest, sourceFiles: SourceFileStore): Promise<FileSource> {
  const name = request.source?.name
  const file = name === undefined ? null : await sourceFiles.find(request.tenant, name)
  if (file === null) {
    throw new MigrationError('SOURCE_NOT_FOUND', { name, hint: 'upload it first: PUT /marc-migrations/sources/{name}' })
  }
  return {
    name: file.name,
    format: readableFormat(file, request.source?.format),
    objectKey: file.objectKey,
    etag: file.etag,
    lengthBytes: file.lengthBytes
  }
}

/** The format that was recognised; a name that contradicts it is refused at the door, with what to do. */
function readableFormat(file: SourceFile, asked: FileFormat | undefined): FileSource['format'] {
  if (asked === undefined || asked === file.format || file.format === 'gzip') return file.format
  throw new MigrationError('SOURCE_UNREADABLE', {
    name: file.name,
    recognised: file.format,
    asked,
    hint: 'leave the format out, or upload the file it names'
  })
}
