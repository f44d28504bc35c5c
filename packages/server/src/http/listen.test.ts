import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type Listening, listen } from './app.ts'

describe('a server whose client is slow', () => {
  let server: Listening
  let port = 0
  before(async () => {
    const patience = { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 }
    const addresses = [{ host: '127.0.0.1', port: 0 }]
    const answer: Parameters<typeof listen>[0] = (request, reply) => {
      request.resume().on('end', () => reply.end('whole'))
    }
    ;[server] = (await listen(answer, addresses, { patience })) as [Listening]
    port = (server.address() as AddressInfo).port
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const rows: [what: string, sent: string][] = [
    ['in its head', 'GET / HTTP/1.1\r\nhost: x\r\n'],
    ['in its body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf'],
  ]
  for (const [what, sent] of rows) {
    test(`${what} lets it go`, async () => {
      const socket = connect(port, '127.0.0.1')
      let said = ''
      socket.setEncoding('utf8').on('data', text => {
        said += text
      })
      socket.write(sent)
      await once(socket, 'close')
      assert.match(said, /^HTTP\/1\.1 408 /)
    })
  }
})
