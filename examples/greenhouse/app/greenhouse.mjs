import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

/** Keeps a reading every few seconds in the package's own data directory, and serves them. */
export function openGreenhouse({ version, describe = () => ({}) }) {
  const settings = JSON.parse(readFileSync(process.env.STEADFLEET_SETTINGS ?? '/settings.json'))
  const file = join(process.env.STEADFLEET_DATA ?? '/data', 'readings.jsonl')
  const readings = readReadings(file)
  const started = new Date().toISOString()
  console.log(`greenhouse ${version}: ${readings.length} readings from before`)

  const takeReading = () => {
    const reading = {
      number: readings.length + 1,
      at: new Date().toISOString(),
      celsius: celsius(),
    }
    appendFileSync(file, `${JSON.stringify(reading)}\n`)
    readings.push(reading)
  }
  takeReading()
  setInterval(takeReading, settings['interval-seconds'] * 1000)

  const about = () => ({ version, started, process: process.pid, count: readings.length })
  const pages = {
    '/health': () => json({ ok: true, ...about() }),
    '/readings': () => json({ ...about(), ...describe(readings), latest: readings.slice(-20) }),
    '/': () => html(toPage(settings.greeting, { ...about(), ...describe(readings) }, readings)),
  }
  createServer((request, response) => {
    const page = pages[new URL(request.url, 'http://greenhouse').pathname]
    const { status, type, body } = page ? page() : json({ error: 'no such page' }, 404)
    response.writeHead(status, { 'content-type': type }).end(body)
  }).listen(settings.port, () => console.log(`listening on port ${settings.port}`))

  process.on('SIGTERM', () => process.exit(0))
}

/** A line that was cut short by a loss of power is no reading. */
function readReadings(file) {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap(line => (line.endsWith('}') ? [JSON.parse(line)] : []))
}

/** A summer's day in four minutes. */
function celsius() {
  return Math.round((24 + 6 * Math.sin(Date.now() / 38_000)) * 10) / 10
}

function json(value, status = 200) {
  return { status, type: 'application/json', body: `${JSON.stringify(value)}\n` }
}

function html(body) {
  return { status: 200, type: 'text/html; charset=utf-8', body }
}

function toPage(greeting, facts, readings) {
  const rows = readings
    .slice(-20)
    .toReversed()
    .map(({ number, at, celsius }) => `<tr><td>${number}<td>${at}<td>${celsius} °C`)
  const about = Object.entries(facts).map(([name, value]) => `${name} ${value}`)
  return `<!doctype html><meta charset="utf-8"><title>Greenhouse</title>
<style>body{font:16px system-ui;margin:3rem auto;max-width:40rem}td{padding:.2rem 1rem .2rem 0}</style>
<h1>${toSafe(greeting)}</h1><p>${toSafe(about.join(' · '))}<table>${rows.join('')}</table>`
}

function toSafe(text) {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
