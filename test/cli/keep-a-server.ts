// A process that starts a PostgreSQL of its own, says where it is, and then does nothing until it is ended.
import { startPostgres } from '../../apps/cli/src/embedded/start-postgres.ts'
import { temporaryPlace } from '../../apps/cli/src/embedded/postgres-place.ts'
import { unprivilegedUser } from '../../apps/cli/src/embedded/unprivileged-user.ts'

const ids = unprivilegedUser()
const given = process.argv[2]
const place = given ?? temporaryPlace(ids)
const { db } = await startPostgres({ place, ids, removeAtEnd: given === undefined ? place : undefined })
console.log(JSON.stringify({ place, db }))
setInterval(() => {}, 60_000)
