// Preloaded into an agent: counts what it does to the disk, and kills it at the call that a file names.
// The count goes on from one process to the next, so that the agents of one update are counted together.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

const file = process.env.STEADFLEET_KILL_AT
const promises = process.getBuiltinModule('node:fs/promises')

function count() {
  let left
  try {
    left = Number(readFileSync(file, 'utf8'))
  } catch {
    return
  }
  if (left > 0) {
    writeFileSync(`${file}.new`, `${left - 1}`)
    return renameSync(`${file}.new`, file)
  }
  rmSync(file)
  process.kill(process.pid, 'SIGKILL')
}

/** Killed before the call: what it would have done is not done; the call before it is. */
function counting(owner, name) {
  const call = owner[name]
  owner[name] = function (...given) {
    count()
    return call.apply(this, given)
  }
}

for (const name of ['rename', 'rm', 'symlink', 'link', 'mkdir']) counting(promises, name)
const handle = await promises.open('/dev/null')
for (const name of ['sync', 'datasync', 'write']) counting(Object.getPrototypeOf(handle), name)
await handle.close()
