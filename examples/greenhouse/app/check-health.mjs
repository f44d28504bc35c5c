import { readFileSync } from 'node:fs'

// Healthy means more than that the port answers: readings are there, and the newest is fresh.
const settings = JSON.parse(readFileSync(process.env.STEADFLEET_SETTINGS ?? '/settings.json'))
const reply = await fetch(`http://127.0.0.1:${settings.port}/readings`)
const { version, count, latest } = await reply.json()
const age = Date.now() - Date.parse(latest.at(-1).at)
const oldest = (settings['interval-seconds'] + 5) * 1000
console.log(`${version}: ${count} readings, the newest ${age} ms old`)
process.exit(count > 0 && age < oldest ? 0 : 1)
