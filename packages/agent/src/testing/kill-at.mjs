// Preloaded into an agent: notes what it does to the disk, and kills it at the calls that a file names, one after
// the other: a line each of a name, or * for any, and how many such calls are let pass. The count goes on from
// one process to the next, so that the agents of one update are counted together.
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

const file = process.env.STEADFLEET_KILL_AT
const promises = process.getBuiltinModule('node:fs/promises')

function count(name) {
  let lines
  try {
    lines = readFileSync(file, 'utf8').split('\n')
  } catch {
    return
  }
  appendFileSync(`${file}.calls`, `${name}\n`)
  const [wanted, left] = lines[0].split(' ')
  if (wanted !== '*' && wanted !== name) return
  if (Number(left) > 0) return arm([`${wanted} ${left - 1}`, ...lines.slice(1)])
  appendFileSync(`${file}.kills`, `${name}\n`)
  arm(lines.slice(1))
  process.kill(process.pid, 'SIGKILL')
}

function arm(lines) {
  if (lines.length === 0) return rmSync(file)
  writeFileSync(`${file}.new`, lines.join('\n'))
  renameSync(`${file}.new`, file)
}

/** Killed before the call: what it would have done is not done; the call before it is. */
function counting(owner, name) {
  const call = owner[name]
  owner[name] = function (...given) {
    count(name)
    return call.apply(this, given)
  }
}

for (const name of ['rename', 'rm', 'symlink', 'link', 'mkdir']) counting(promises, name)
const handle = await promises.open('/dev/null')
for (const name of ['sync', 'datasync', 'write']) counting(Object.getPrototypeOf(handle), name)
await handle.close()
