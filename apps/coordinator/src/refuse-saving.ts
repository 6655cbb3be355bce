import { MigrationError } from '@marc-migrations/domain'
import type { Stores } from '@marc-migrations/domain'

/**
 * Refuses a saving that would be accepted: no worker of this version saves, and chunks enlisted for it would wait for ever.
 * What the contract refuses is refused as the contract says.
 *
 * @throws {MigrationError} SAVING_UNAVAILABLE from `startSaving`
 */
export function refuseSaving(stores: Stores): Stores {
  return {
    ...stores,
    control: {
      ...stores.control,
      startSaving: async (tenant, operationId, chunkIds, headers) => {
        const operation = await stores.operations.get(tenant, operationId)
        if (operation?.status === 'DATA_MAPPING_COMPLETED') {
          throw new MigrationError('SAVING_UNAVAILABLE', {
            hint: 'this version maps; the files of the operation are complete'
          })
        }
        return stores.control.startSaving(tenant, operationId, chunkIds, headers)
      }
    }
  }
}
