import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBlockedPort } from './blocked-ports.ts'

/** What `fetch` says of a port: it refuses a blocked one before it connects. */
async function refusal(port: number): Promise<string> {
  try {
    await (await fetch(`http://127.0.0.1:${port}/`)).body?.cancel()
    return ''
  } catch (error) {
    const { cause } = error as { cause?: Error }
    return cause?.message ?? String(error)
  }
}

test('the ports that are blocked are those that fetch itself refuses', async () => {
  const near = (port: number) => [port - 1, port, port + 1]
  const known = [1719, 2049, 3659, 4045, 4190, 5060, 6000, 6566, 6667, 6679, 6697, 10_080]
  for (const port of [...known, 1024, 8420, 65_535].flatMap(near)) {
    if (port < 1024 || port > 65_535) continue
    assert.equal(isBlockedPort(port), (await refusal(port)) === 'bad port', `port ${port}`)
  }
})
