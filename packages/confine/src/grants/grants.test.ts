import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { InterfaceRequest } from '@steadfleet/domain'
import {
  covers,
  type GrantDecision,
  type GrantSituation,
  grantedNames,
  requestChanges,
  standingOf,
  waitingRequests,
} from './index.ts'

const api = { host: 'api.example.com', port: 443 }
const other = { host: 'other.example.com', port: 443 }
const network = (...endpoints: object[]): InterfaceRequest => ({ interface: 'network', endpoints })
const anywhere: InterfaceRequest = { interface: 'network', endpoints: 'anywhere' }
const bare: InterfaceRequest = { interface: 'network' }
const lan: InterfaceRequest = { interface: 'network-lan', endpoints: [{ port: 1883 }] }
const finding: InterfaceRequest = { ...lan, discovery: ['mdns'] }

const pairs: [what: string, granted: InterfaceRequest, wanted: InterfaceRequest, is: boolean][] = [
  ['the same', network(api), network(api), true],
  ['the same with another reason', network(api), { ...network(api), reason: 'news' }, true],
  ['members in another order', network(api), network({ port: 443, host: api.host }), true],
  ['an endpoint fewer', network(api, other), network(api), true],
  ['an endpoint more', network(api), network(api, other), false],
  ['another port', network(api), network({ ...api, port: 80 }), false],
  ['anywhere instead of an endpoint', network(api), anywhere, false],
  ['an endpoint instead of anywhere', anywhere, network(api), true],
  ['no members at all', network(api), bare, false],
  ['members where there were none', bare, anywhere, true],
  ['a list that was not there', lan, finding, false],
  ['a list fewer', finding, lan, true],
  [
    'a narrowing member fewer',
    { interface: 'usb', vendor: '1', product: '2' },
    { interface: 'usb', vendor: '1' },
    false,
  ],
  ['another interface', network(api), { interface: 'camera' }, false],
]
for (const [what, granted, wanted, is] of pairs) {
  test(`${what} is ${is ? 'covered by' : 'more than'} what was granted`, () => {
    assert.equal(covers(granted, wanted), is)
  })
}

describe('the difference between two revisions', () => {
  test('names what is added, more, less and gone, and by what', () => {
    const before = [network(api), finding, { interface: 'dns', names: ['a.example'] }]
    const after = [network(api, other), lan, { interface: 'camera' }]
    assert.deepEqual(
      requestChanges(before, after).map(({ interface: name, change, asks, drops }) => [
        name,
        change,
        asks,
        drops,
      ]),
      [
        ['camera', 'added', [], []],
        ['dns', 'removed', [], ['names a.example']],
        ['network', 'more', ['endpoints {"host":"other.example.com","port":443}'], []],
        ['network-lan', 'less', [], ['discovery mdns']],
      ],
    )
  })

  test('is empty where only the reason changed', () => {
    assert.deepEqual(requestChanges([network(api)], [{ ...network(api), reason: 'x' }]), [])
  })
})

const said = (
  verdict: GrantDecision['verdict'],
  scope: GrantDecision['scope'],
  request = lan,
): GrantDecision => ({ interface: request.interface, scope, verdict, request })
const all = new Map([
  ['network', ['*']],
  ['network-lan', ['*']],
])
const situation = (more: Partial<GrantSituation> = {}): GrantSituation => ({
  package: 'acme/box',
  decisions: [],
  rules: {},
  modelRules: {},
  ceiling: all,
  ...more,
})

const standings: [
  what: string,
  request: InterfaceRequest,
  more: Partial<GrantSituation>,
  is: string,
][] = [
  ['what is granted by default', network(api), {}, 'granted by default'],
  ['what nobody spoke of', lan, {}, 'open by nobody'],
  ['what the fleet granted', lan, { decisions: [said('granted', 'fleet')] }, 'granted by fleet'],
  [
    'more than the fleet granted',
    finding,
    { decisions: [said('granted', 'fleet')] },
    'open by nobody',
  ],
  [
    'what the device refused',
    lan,
    { decisions: [said('granted', 'fleet'), said('refused', 'device')] },
    'refused by device',
  ],
  [
    'what only this device has',
    lan,
    { decisions: [said('refused', 'fleet'), said('granted', 'device')] },
    'granted by device',
  ],
  [
    'what may never be',
    lan,
    { decisions: [said('never', 'fleet'), said('granted', 'device')] },
    'refused by never',
  ],
  [
    'what may never be, by a rule',
    lan,
    { decisions: [said('never', 'fleet')], rules: { 'network-lan': ['*'] } },
    'refused by never',
  ],
  [
    'what a rule gives the package',
    lan,
    { rules: { 'network-lan': ['acme/box'] } },
    'granted by rule',
  ],
  [
    'what a rule gives the publisher',
    lan,
    { rules: { 'network-lan': ['acme/*'] } },
    'granted by rule',
  ],
  [
    'what a rule gives another',
    lan,
    { rules: { 'network-lan': ['acme/boxes', 'acm/*'] } },
    'open by nobody',
  ],
  [
    'what its model gives it',
    lan,
    { modelRules: { 'network-lan': ['acme/*'] } },
    'granted by model',
  ],
  [
    'what its model gives it and the device refused',
    lan,
    { modelRules: { 'network-lan': ['*'] }, decisions: [said('refused', 'device')] },
    'refused by device',
  ],
  [
    'what may never be, though its model gives it',
    lan,
    { modelRules: { 'network-lan': ['*'] }, decisions: [said('never', 'fleet')] },
    'refused by never',
  ],
  [
    'what is never granted automatically',
    { interface: 'time-control' },
    { rules: { 'time-control': ['acme/box'] }, modelRules: { 'time-control': ['*'] } },
    'open by nobody',
  ],
  [
    'what the ceiling names it for',
    lan,
    { ceiling: new Map([['network-lan', ['acme/box']]]) },
    'granted by ceiling',
  ],
  [
    'a default that was refused',
    network(api),
    { decisions: [said('refused', 'fleet', network(api))] },
    'refused by fleet',
  ],
]
for (const [what, request, more, expected] of standings) {
  test(`${what} is ${expected}`, () => {
    const { is, by } = standingOf(request, situation(more))
    assert.equal(`${is} by ${by}`, expected)
  })
}

test('what is beyond the ceiling is not granted, whoever says so', () => {
  const decisions = [said('granted', 'fleet'), said('granted', 'fleet', network(api))]
  const ceiling = new Map([['network-lan', ['acme/other']]])
  assert.deepEqual(grantedNames([lan, network(api)], situation({ decisions, ceiling })), [])
})

describe('a device waits', () => {
  const rows: [
    what: string,
    before: InterfaceRequest[] | undefined,
    after: InterfaceRequest[],
    more: Partial<GrantSituation>,
    waits: string[],
  ][] = [
    ['for nothing at first where all is by default', undefined, [network(api)], {}, []],
    ['at first for what is not', undefined, [network(api), lan], {}, ['network-lan']],
    [
      'for nothing at first that the ceiling shuts out',
      undefined,
      [lan],
      { ceiling: new Map() },
      [],
    ],
    [
      'for more than before, though the ceiling shuts it out',
      [],
      [lan],
      { ceiling: new Map() },
      ['network-lan'],
    ],
    ['for nothing where as much was asked before', [lan], [lan], {}, []],
    [
      'for an endpoint more, though the interface is by default',
      [network(api)],
      [network(api, other)],
      {},
      ['network'],
    ],
    ['for an interface more, though it is by default', [], [network(api)], {}, ['network']],
    ['no longer once that was granted', [], [lan], { decisions: [said('granted', 'fleet')] }, []],
    [
      'still where less was granted',
      [],
      [finding],
      { decisions: [said('granted', 'fleet')] },
      ['network-lan'],
    ],
    ['no longer once it was refused', [], [lan], { decisions: [said('never', 'fleet')] }, []],
    ['for nothing that a rule grants', [], [lan], { rules: { 'network-lan': ['*'] } }, []],
    ['for nothing that its model grants', [], [lan], { modelRules: { 'network-lan': ['*'] } }, []],
    [
      'for what is never granted automatically, whatever rules say',
      [],
      [{ interface: 'time-control' }],
      { rules: { 'time-control': ['*'] } },
      ['time-control'],
    ],
  ]
  for (const [what, before, after, more, waits] of rows) {
    test(what, () => {
      const found = waitingRequests(before, after, situation(more))
      assert.deepEqual(
        found.map(one => one.interface),
        waits,
      )
    })
  }
})
