import { readFileSync } from 'node:fs'
import { connect } from 'mqtt'

/**
 * The broker works when a message that one connection publishes reaches another's subscription.
 * Exit 0 when it did; anything else, with the reason on stderr, when it did not.
 */
const port = /^listener (\d+)/m.exec(readFileSync('/etc/mosquitto/steadfleet.conf', 'utf8'))?.[1]
const topic = 'steadfleet/health'
const token = String(process.hrtime.bigint())

const client = connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, connectTimeout: 3000 })
const giveUp = setTimeout(() => end('cannot hear the message that was published', 1), 4000)

client.on('error', error => end(`cannot connect: ${error.message}`, 1))
client.on('message', (_topic, payload) => {
  if (payload.toString() === token) end('published and received', 0)
})
client.on('connect', () => {
  client.subscribe(topic, { qos: 1 }, () => client.publish(topic, token, { qos: 1 }))
})

function end(said: string, exit: 0 | 1): void {
  clearTimeout(giveUp)
  console.error(said)
  client.end(true, () => process.exit(exit))
}
