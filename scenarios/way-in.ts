import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { placeNamed, placeOf } from '../packages/confine/src/firewall/index.ts'

/**
 * A way to the page of a device that was copied: it listens where no setting says, so that no order has to change,
 * and its firewall publishes another port. Only this machine's own loopback is led there.
 */
export interface WayIn {
  /** Leads to where the page stands now; without a network of its own it stands here already. */
  open(): void
  close(): void
}

export function wayIn(state: string, port: number): WayIn {
  const table = `siege${port}`
  let leadsTo = ''
  return {
    open() {
      const address = addressOf(state)
      if (address === undefined || address === leadsTo) return
      const from = 'type nat hook output priority -110'
      const lead = `ip daddr 127.0.0.1 tcp dport ${port} dnat ip to ${address}`
      load(`${fresh(table)}\ntable inet ${table} { chain out { ${from}; ${lead}; }; }\n`)
      leadsTo = address
    },
    close() {
      if (leadsTo !== '') load(`${fresh(table)}\n`)
    },
  }
}

/** Whatever there was of a table is gone after it. */
function fresh(table: string): string {
  return `table inet ${table}\ndelete table inet ${table}`
}

function load(rules: string): void {
  const { status, stderr } = spawnSync('nft', ['-f', '-'], { input: rules, encoding: 'utf8' })
  if (status !== 0) throw new Error(`cannot lead to a page: ${stderr}`)
}

/** Where the app of the page stands; undefined where it does not run, or shares the device's network. */
function addressOf(state: string): string | undefined {
  try {
    const run = JSON.parse(readFileSync(join(state, 'apps/acme.page/web/run.json'), 'utf8'))
    const place = placeNamed(run.namespace?.split('/').at(-1) ?? '')
    return place === undefined ? undefined : placeOf(place).ipv4
  } catch {
    return undefined
  }
}
