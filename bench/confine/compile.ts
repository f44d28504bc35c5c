import { networkNeeds, toSeccompFilter } from '@steadfleet/confine'
import { toFirewall } from '@steadfleet/confine/firewall'
import { type Benchmark, medianOf, spreadOf } from '../figure.ts'

const rounds = 50

/** From what a manifest says to what the kernel is told. */
export const confineCompile: Benchmark = {
  name: 'confine-compile',
  what: 'a firewall of 1,000 endpoints, and a filter, from a request',
  async run() {
    const endpoints = Array.from({ length: 1000 }, (_, i) => ({
      host: `h${i}.example.com`,
      port: 1000 + i,
    }))
    const opened = [{ interface: 'network', endpoints }]
    const place = { link: 'bench', ipv4: '100.64.0.2', ipv6: 'fd00::2' }
    const works: [name: string, work: () => unknown][] = [
      ['firewall of 1,000 endpoints', () => toFirewall(networkNeeds(opened), place)],
      ['system call filter', () => toSeccompFilter('amd64', opened)],
    ]
    return works.map(([name, work]) => {
      const times = Array.from({ length: rounds }, () => {
        const began = performance.now()
        work()
        return performance.now() - began
      })
      return { name, value: medianOf(times), unit: 'ms', facts: spreadOf(times) }
    })
  },
}
