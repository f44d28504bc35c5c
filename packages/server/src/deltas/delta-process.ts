import { writeFileSync } from 'node:fs'
import { type DeltaJob, makeDelta } from './delta-job.ts'

// Its standard input is the leash: it ends with the server, also after a kill.
process.stdin.resume().on('end', () => process.exit(1))
goFirst()
try {
  const job: DeltaJob = JSON.parse(process.argv[2] ?? '')
  process.stdout.write(await makeDelta(job), () => process.exit(0))
} catch (fault) {
  // For the server's log: one line, which says why.
  const why = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
  process.stderr.write(why.replaceAll(/\n\s*/g, ' '), () => process.exit(1))
}

/** Where memory runs out it is this that can be done without. proc_pid_oom_score_adj(5) */
function goFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Where that is not to be had it competes as others do.
  }
}
