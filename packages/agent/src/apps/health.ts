import { get } from 'node:http'
import { connect } from 'node:net'
import { effectOf } from '@steadfleet/confine'
import type { AppState, HealthCheck, SettingValues } from '@steadfleet/domain'
import type { AppSpec, HealthVerdict, HookResult } from './apps.ts'

const defaultTimeoutSeconds = 5

/** Runs a command in the sandbox of an app. */
export type RunInside = (command: readonly string[], timeoutSeconds: number) => Promise<HookResult>

/** Runs the check that an app declares, once, at the address `host` if by network. Without one, that it runs is enough. */
export async function checkHealth(
  spec: AppSpec,
  runInside: RunInside,
  host = '127.0.0.1',
): Promise<HealthVerdict> {
  const check = spec.declaration.health
  if (check === undefined) return { ok: true, why: 'it runs' }
  const seconds = check['timeout-seconds'] ?? defaultTimeoutSeconds
  if ('exec' in check) return checkExit(await runInside(check.exec, seconds))
  if (!isReachable(spec)) {
    return {
      ok: false,
      why: 'it has no network in which it could be asked (interface network-listen)',
    }
  }
  return askByNetwork(check, { values: spec.values, host, timeoutMs: seconds * 1000 })
}

/** Whether an app is well: by its check while it runs, and else by how it ended. */
export async function healthOf(
  { spec, state }: { readonly spec: AppSpec; readonly state: AppState },
  runInside: RunInside,
  host: string | undefined,
): Promise<HealthVerdict> {
  const named = (verdict: HealthVerdict) => ({ ...verdict, why: `${spec.app}: ${verdict.why}` })
  if (state === 'exited' && spec.declaration.daemon === 'oneshot') {
    return named({ ok: true, why: 'it has done its work' })
  }
  if (state !== 'running') return named({ ok: false, why: `it is ${state}` })
  return named(await checkHealth(spec, runInside, host))
}

function isReachable({ opened }: AppSpec): boolean {
  return opened.some(request => effectOf(request).network)
}

function checkExit({ exit, output }: HookResult): HealthVerdict {
  if (exit === 0) return { ok: true, why: 'its check exited 0' }
  const said = output.at(-1)
  return { ok: false, why: `its check exited ${exit}${said === undefined ? '' : `: ${said}`}` }
}

type NetworkCheck = Exclude<HealthCheck, { exec: unknown }>
type Port = Extract<HealthCheck, { tcp: unknown }>['tcp']['port']

interface At {
  readonly values: SettingValues
  readonly host: string
  readonly timeoutMs: number
}

function askByNetwork(check: NetworkCheck, { values, ...at }: At): Promise<HealthVerdict> {
  const declared = 'http' in check ? check.http.port : check.tcp.port
  const port = portOf(declared, values)
  if (port === undefined) return Promise.resolve({ ok: false, why: 'its port is no port number' })
  return 'http' in check ? askHttp(port, check.http.path, at) : askTcp(port, at)
}

function portOf(port: Port, values: SettingValues): number | undefined {
  const number = typeof port === 'number' ? port : values[port.setting]
  const isPort = typeof number === 'number' && number >= 1 && number <= 65_535
  return isPort ? number : undefined
}

type Where = Omit<At, 'values'>

/** Told as its people would ask: the app is reached at the device's own loopback too. */
function askHttp(port: number, path: string, { host, timeoutMs }: Where): Promise<HealthVerdict> {
  const where = `http://127.0.0.1:${port}${path}`
  return new Promise(resolve => {
    const say = (ok: boolean, why: string) => resolve({ ok, why: `${where} ${why}` })
    // A whole answer within the time: `timeout` of node:http is only about silence.
    const signal = AbortSignal.timeout(timeoutMs)
    const request = get({ host, port, path, agent: false, signal }, response => {
      const status = response.statusCode ?? 0
      response.resume()
      response.once('end', () => say(status >= 200 && status < 400, `answers ${status}`))
      response.once('error', error => say(false, explain(error)))
    })
    request.once('error', error => say(false, explain(error)))
  })
}

function askTcp(port: number, { host, timeoutMs }: Where): Promise<HealthVerdict> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: timeoutMs })
    const say = (ok: boolean, why: string) => {
      socket.destroy()
      resolve({ ok, why: `port ${port} ${why}` })
    }
    socket.once('connect', () => say(true, 'accepts connections'))
    socket.once('timeout', () => say(false, `does not answer within ${timeoutMs} ms`))
    socket.once('error', error => say(false, explain(error)))
  })
}

function explain(error: Error): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'does not answer in time'
  return `does not answer: ${'code' in error ? String(error.code) : error.message}`
}
