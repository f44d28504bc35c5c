import { spawn } from 'node:child_process'

/** An expected end: one line, with a code; `codes.json` says when each is raised. */
export class BootstrapError extends Error {
  constructor(code, message, hint) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

/** Ends the run: coded errors on one line and a hint below, anything else as it came. */
export function fail(error) {
  process.exitCode = 1
  if (!(error instanceof BootstrapError)) return console.error(error)
  console.error(`steadfleet: ${error.message} [${error.code}]`)
  if (error.hint) console.error(`  hint: ${error.hint}`)
}

/** One plain line about what goes on. */
export function say(text) {
  console.error(`steadfleet: ${text}`)
}

/**
 * Runs a command that may take long, with a clock that ticks on a terminal. What it printed is
 * shown only when it fails; the answer is whether it succeeded.
 */
export async function runShown(label, command, args, options = {}) {
  const started = performance.now()
  const stop = showClock(label, started)
  const { code, output } = await run(command, args, options)
  stop()
  if (code === 0) say(`${label}: done in ${seconds(started)}`)
  else process.stderr.write(shortened(output))
  return code === 0
}

/** What went wrong stands at the beginning or at the end of what a tool prints. */
function shortened(output) {
  if (output.length < 8000) return output
  return `${output.slice(0, 4000)}\n…\n${output.slice(-4000)}`
}

function showClock(label, started) {
  if (!process.stderr.isTTY) {
    say(`${label} …`)
    return () => undefined
  }
  const draw = () => process.stderr.write(`\r\x1b[2Ksteadfleet: ${label} … ${seconds(started)}`)
  draw()
  const timer = setInterval(draw, 1000)
  return () => {
    clearInterval(timer)
    process.stderr.write('\r\x1b[2K')
  }
}

function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`
}

function run(command, args, options) {
  return new Promise(resolve => {
    const chunks = []
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    endWith(child, options.killSignal)
    child.stdout.on('data', chunk => chunks.push(chunk))
    child.stderr.on('data', chunk => chunks.push(chunk))
    child.on('error', error => resolve({ code: -1, output: `${error.message}\n` }))
    child.on('close', code => resolve({ code, output: Buffer.concat(chunks).toString() }))
  })
}

/** Interrupted, it hands the signal on and ends after the command, which would else write on alone. */
function endWith(child, killSignal) {
  const ends = Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }).map(([signal, code]) => {
    const end = () => {
      child.once('close', () => process.exit(code))
      child.kill(killSignal ?? signal)
    }
    process.once(signal, end)
    return [signal, end]
  })
  child.once('close', () => {
    for (const [signal, end] of ends) process.off(signal, end)
  })
}
