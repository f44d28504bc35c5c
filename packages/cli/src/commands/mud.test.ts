import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runWords } from '../testing.ts'

describe('a MUD file on the command line', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'steadfleet-mud-'))
    write('lamp.json', lamp('cloud.lamp.example'))
    write('next.json', lamp('cloud2.lamp.example'))
    write('draft.json', {
      ...lamp('cloud.lamp.example'),
      'ietf-access-control-list:acls': undefined,
    })
    write('odd.json', lamp('$(reboot)'))
  })
  after(() => rmSync(folder, { recursive: true }))

  const write = (name: string, content: object) =>
    writeFileSync(join(folder, name), JSON.stringify(content))
  const type = (words: string[]) => runWords(words, folder)
  const said = async (...words: string[]): Promise<string> => {
    const { exit, out, err } = await type(words)
    assert.equal(exit, 0, err)
    return out
  }

  test('is checked, and every fault is said where it is', async () => {
    assert.match(await said('mud', 'check', 'lamp.json'), /^https:\/\/lamp\.example\/lamp: 1 rules/)
    const odd = await type(['mud', 'check', 'odd.json'])
    assert.notEqual(odd.exit, 0)
    assert.match(odd.err, /dst-dnsname: .*host name[\s\S]*\[confine\/mud\]/)
    assert.match(
      (await type(['mud', 'check', 'draft.json'])).err,
      /not there[\s\S]*\[confine\/mud\]/,
    )
    assert.match((await type(['mud', 'check', 'none.json'])).err, /ENOENT {2}\[cli\/not-found\]/)
  })

  test('is shown as a table, a picture and JSON', async () => {
    assert.match(
      await said('mud', 'show', 'lamp.json'),
      /out +cloud\.lamp\.example +TCP +443 +device/,
    )
    assert.match(await said('mud', 'show', 'lamp.json', '--picture'), /^flowchart LR/)
    const { rows } = JSON.parse(await said('mud', 'show', 'lamp.json', '--json'))
    assert.equal(rows[0].ports, '443')
  })

  test('is compared with the next one', async () => {
    const text = await said('mud', 'diff', 'lamp.json', 'next.json')
    assert.match(text, /^- accept to cloud\.lamp.*\n\+ accept to cloud2\.lamp/)
    assert.match(await said('mud', 'diff', 'lamp.json', 'lamp.json'), /^both allow the same/)
  })

  test('is compiled for one device', async () => {
    const mac = ['--mac', '02:00:00:00:00:0A']
    const local = ['--local', '10.0.0.0/8', '--peer', 'controller urn:x:y=10.0.0.1']
    const script = await said('mud', 'compile', 'lamp.json', ...mac, ...local)
    assert.match(script, /^table inet mud_02000000000a\n/)
    assert.match(script, /ether saddr 02:00:00:00:00:0a goto from_device/)
  })

  const wrong: [what: string, words: string[]][] = [
    ['no MAC', []],
    ['a MAC that is none', ['--mac', '02:00']],
    ['an address that is none', ['--mac', '02:00:00:00:00:01', '--address', 'lamp; reboot']],
    ['a network that is none', ['--mac', '02:00:00:00:00:01', '--local', '10.0.0.0/33']],
    ['a peer without an address', ['--mac', '02:00:00:00:00:01', '--peer', 'my-controller']],
  ]
  for (const [what, words] of wrong) {
    test(`is not compiled for ${what}`, async () => {
      const { exit, err } = await type(['mud', 'compile', 'lamp.json', ...words])
      assert.equal(exit, 2)
      assert.match(err, /\[cli\/usage\]/)
    })
  }
})

function lamp(host: string) {
  const matches = {
    ipv4: { protocol: 6, 'ietf-acldns:dst-dnsname': host },
    tcp: {
      'destination-port': { operator: 'eq', port: 443 },
      'ietf-mud:direction-initiated': 'from-device',
    },
  }
  const ace = [{ name: 'cloud', matches, actions: { forwarding: 'accept' } }]
  return {
    'ietf-mud:mud': {
      'mud-version': 1,
      'mud-url': 'https://lamp.example/lamp',
      'last-update': '2026-11-21T00:00:00Z',
      'is-supported': true,
      'from-device-policy': { 'access-lists': { 'access-list': [{ name: 'out' }] } },
    },
    'ietf-access-control-list:acls': {
      acl: [{ name: 'out', type: 'ipv4-acl-type', aces: { ace } }],
    },
  }
}
