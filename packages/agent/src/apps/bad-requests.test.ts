import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { InterfaceRequest } from '@steadfleet/domain'
import { Bench, isRoot, noSandbox } from './testing/bench.test.ts'

const port = { port: 443 }
const network = (...endpoints: object[]): InterfaceRequest => ({ interface: 'network', endpoints })
const many = Array.from({ length: 10_000 }, (_, i) => ({ host: `h${i}.example.com`, ...port }))

/** What `pack` refuses; a device may be sent it all the same, by whoever signs with a publisher's key. */
const rows: [what: string, request: InterfaceRequest, code: RegExp][] = [
  ['no interface', { interface: 'teleport' }, /^confine\/unknown-interface$/],
  ['a name that every object has', { interface: 'constructor' }, /^confine\/unknown-interface$/],
  ['a host that is none', network({ host: 'a.example;reboot', ...port }), /^confine\/host$/],
  ['a wildcard', network({ host: '*.example.com', ...port }), /^confine\/host$/],
  ['its own loopback', network({ host: '127.0.0.1', ...port }), /^confine\/host$/],
  ['localhost by name', network({ host: 'localhost', ...port }), /^confine\/host$/],
  ['ports upside down', network({ host: 'a.example', port: '90-80' }), /^confine\/ports$/],
  ['10,000 endpoints', network(...many), /^confine\/request$/],
  ['members of another kind', { interface: 'network', endpoints: 7 }, /^confine\/request$/],
]

/** Hosts and ports are the firewall's, which an ordinary user has none of: apps have the user's own network there. */
const noFirewall = !isRoot && 'a firewall needs root'

describe('a release that requests', { skip: noSandbox }, () => {
  let bench: Bench
  before(async () => {
    bench = await Bench.open()
  })
  after(() => bench?.[Symbol.asyncDispose]())

  for (const [what, request, code] of rows) {
    const skip = /host|ports/.test(code.source) && noFirewall
    test(`${what} is refused by the device in one line with its code, and starts nothing`, {
      skip,
    }, async () => {
      const spec = bench.shell('web', 'echo started; sleep 60', {}, { opened: [request] })
      await assert.rejects(bench.apps.start(spec), (error: { code: string; message: string }) => {
        assert.match(error.code, code)
        assert.match(error.message, /^cannot [^\n]{1,500}$/)
        return true
      })
      assert.deepEqual([bench.lines, bench.exits], [[], []])
    })
  }
})
