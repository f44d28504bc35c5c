import { Counter, Gauge, Registry } from 'prom-client'
import type { House } from './house.ts'
import { rolesOf } from './role-lives.ts'
import { devicesByState } from './store/device-store.ts'

/** What the server counts while it runs; a restart begins anew, as Prometheus expects. */
export interface Metrics {
  countCheckIn(refused: readonly string[]): void
  countRefusedRequest(code: string): void
  /** All figures, in Prometheus's text format. */
  render(place: MetricsPlace): Promise<{ readonly type: string; readonly text: string }>
}

type MetricsPlace = Parameters<typeof rolesOf>[0] & Pick<House, 'store' | 'isSignerThere'>

/** A device may tell any code; so many are told apart, and none that is no code. */
const mostCodes = 100
const codeForm = /^[a-z]{1,20}\/[a-z-]{1,40}$/

/**
 * Every label is a fleet, a role, a state or a code: nothing here names a person, a device or a secret.
 */
export function makeMetrics(): Metrics {
  const { registry, counters, gauges } = makeFigures()
  const nameOf = makeCodeNames()
  return {
    countCheckIn(refused) {
      counters.checkIns.inc()
      for (const code of refused) counters.refusals.inc({ code: nameOf(code) })
    },
    countRefusedRequest: code => counters.refusedRequests.inc({ code }),
    async render(place) {
      fillRoles(gauges, place)
      await fillDevices(gauges, place)
      gauges.signerUp.set(place.isSignerThere() ? 1 : 0)
      return { type: registry.contentType, text: await registry.metrics() }
    },
  }
}

/** A code as a label: itself, or `other` where it is none, or one too many. */
export function makeCodeNames(): (code: string) => string {
  const known = new Set<string>()
  return code => {
    if (known.has(code)) return code
    if (known.size >= mostCodes || !codeForm.test(code)) return 'other'
    known.add(code)
    return code
  }
}

function makeFigures() {
  const registry = new Registry()
  const choices = (name: string, help: string, labelNames: readonly string[]) => ({
    ...{ name: `steadfleet_${name}`, help, labelNames },
    registers: [registry],
  })
  const counter = (name: string, help: string, ...labels: string[]) =>
    new Counter(choices(name, help, labels))
  const gauge = (name: string, help: string, ...labels: string[]) =>
    new Gauge(choices(name, help, labels))
  const role = ['catalogue', 'role'] as const
  return {
    registry,
    counters: {
      checkIns: counter('check_ins_total', 'Check-ins of devices that were taken'),
      refusals: counter('device_refusals_total', 'What devices refused, by code', 'code'),
      refusedRequests: counter('refused_requests_total', 'Requests refused here, by code', 'code'),
    },
    gauges: {
      expires: gauge('role_expires_seconds', 'Unix time at which a role expires', ...role),
      spent: gauge('role_life_spent_ratio', 'The part of its life that a role has spent', ...role),
      alarm: gauge('role_alarm_percent', 'The last mark of its life that it passed, or 0', ...role),
      devices: gauge('devices', 'Devices by the state of their last change', 'fleet', 'state'),
      silent: gauge('devices_silent', 'Devices whose silence alarm is up', 'fleet'),
      signerUp: gauge('signer_up', 'Whether the signer answers'),
    },
  }
}

type Gauges = ReturnType<typeof makeFigures>['gauges']

/** Set anew as a whole: what is no longer there must not go on being told. */
function fillRoles({ expires, spent, alarm }: Gauges, place: MetricsPlace): void {
  for (const each of [expires, spent, alarm]) each.reset()
  for (const view of rolesOf(place)) {
    const labels = { catalogue: view.catalogue ?? '', role: view.role }
    expires.set(labels, Date.parse(view.expires) / 1000)
    spent.set(labels, view.spent)
    alarm.set(labels, view.alarm)
  }
}

async function fillDevices({ devices, silent }: Gauges, place: MetricsPlace): Promise<void> {
  for (const each of [devices, silent]) each.reset()
  for (const { fleet, state, count, silent: those } of await devicesByState(place.store.db)) {
    devices.set({ fleet, state }, count)
    silent.inc({ fleet }, those)
  }
}
