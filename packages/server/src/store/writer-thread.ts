import { parentPort, workerData } from 'node:worker_threads'
import { serveCommands } from './writer.ts'

if (parentPort) {
  serveCommands(parentPort, String(workerData))
  parentPort.postMessage({ id: 0, output: 'ready' })
}
