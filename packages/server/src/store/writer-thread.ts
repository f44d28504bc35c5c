import { parentPort, workerData } from 'node:worker_threads'
import { isPostgresPlace } from './place.ts'
import { serveCommands, toRefusal } from './writer.ts'

/** Only the client of the database that is used is loaded. */
async function open(place: string) {
  if (isPostgresPlace(place)) return (await import('./write-postgres.ts')).writePostgres(place)
  return (await import('./write-sqlite.ts')).writeSqlite(place)
}

if (parentPort) {
  try {
    serveCommands(parentPort, await open(String(workerData)))
    parentPort.postMessage([{ id: 0, output: 'ready' }])
  } catch (fault) {
    parentPort.postMessage([{ id: 0, refusal: toRefusal(fault) }])
    parentPort.close()
  }
}
