import { oak } from './canned-devices.ts'
import { ago, hour } from './moments.ts'

export const request = { interface: 'network', endpoints: [{ host: 'b.example', port: 443 }] }
const camera = { interface: 'camera', reason: 'shows who is at the door' }
const greenhouse = { package: 'acme/greenhouse', revision: 3 }
const usual = { underCeiling: true, waits: false, devices: [] as string[] }

/** One that is by default, one that nobody spoke of, and one that a rule of the model grants. */
export function makeGrants() {
  return {
    grants: [
      {
        ...{ ...usual, ...greenhouse, request, interface: 'network', title: 'Network' },
        opens: 'connections to the hosts and ports that the package declares',
        danger: 'sends what the app knows to the hosts that it declares',
        ...{ risk: 'medium', is: 'granted', by: 'default' },
      },
      {
        ...{ ...usual, ...greenhouse, request: camera, interface: 'camera', title: 'Cameras' },
        opens: 'every camera and video capture device of the device',
        danger: 'watches the people around the device',
        ...{ risk: 'high', is: 'open', by: 'nobody' },
      },
      {
        ...{ ...usual, package: 'acme/mosquitto', revision: 2, title: 'Local network' },
        ...{ interface: 'network-lan', request: { interface: 'network-lan' } },
        opens: 'hosts of the networks that the device is in',
        danger: 'looks for weak neighbours',
        ...{ risk: 'medium', is: 'granted', by: 'model', devices: [oak] },
      },
    ],
    decisions: [
      {
        ...{ package: 'acme/mosquitto', interface: 'network-lan', scope: 'device', target: oak },
        ...{ verdict: 'refused', request: { interface: 'network-lan' } },
        ...{ by: 'operator', at: ago(2 * hour) },
      },
    ] as { [name: string]: unknown }[],
    rules: {} as Record<string, string[]>,
    modelRules: { 'network-lan': ['acme/*'] } as Record<string, string[]>,
  }
}

export function makeReviews() {
  return [
    {
      ...{ ...greenhouse, verdict: 'waiting', reason: '', by: 'operator', at: ago(hour) },
      requests: [camera],
    },
  ]
}
