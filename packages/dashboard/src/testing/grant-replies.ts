import type { Asked } from './asked.ts'
import type { Canned } from './canned.ts'
import { request } from './canned-grants.ts'
import { ago } from './moments.ts'

export const moreEndpoints = {
  interface: 'network',
  change: 'more',
  asks: ['endpoints {"host":"b.example","port":443}'],
  drops: [],
  request,
  opens: 'connections to the hosts and ports that the package declares',
  risk: 'medium',
}

/** Whoever waited for it waits no longer. */
export function decideGrant({ rollouts, grants }: Canned, { params, body }: Asked): unknown {
  for (const rollout of rollouts) Object.assign(rollout, { waitsFor: [] })
  const { interface: opened, scope, target, publisher, name } = params
  const asked = { package: `${publisher}/${name}`, interface: opened }
  const said = { ...asked, scope, target, request, verdict: body.verdict }
  const decision = { ...said, by: 'operator', at: ago(0) }
  forgetGrant({ grants }, { params })
  grants.decisions.push(decision)
  const is = body.verdict === 'granted' ? 'granted' : 'refused'
  const by = body.verdict === 'never' ? 'never' : scope
  stand(grants, asked, { is, by })
  return { decision, ordered: 4 }
}

export function forgetGrant(
  { grants }: Pick<Canned, 'grants'>,
  { params }: Pick<Asked, 'params'>,
): unknown {
  const asked = { package: `${params.publisher}/${params.name}`, interface: params.interface }
  grants.decisions = grants.decisions.filter(
    one => one.interface !== asked.interface || one.target !== params.target,
  )
  stand(grants, asked, { is: 'open', by: 'nobody' })
  return null
}

function stand(grants: Canned['grants'], asked: object, standing: object): void {
  for (const grant of grants.grants) {
    const { package: name, interface: opened } = asked as { package: string; interface: string }
    if (grant.package === name && grant.interface === opened) Object.assign(grant, standing)
  }
}

export function reviewRelease({ reviews }: Canned, { body }: Asked): unknown {
  const [review] = reviews
  return review && Object.assign(review, body)
}

/** Isolation by hand, of a package or of a whole device, and its end. */
export function isolate({ devices }: Canned, { params, body }: Asked): unknown {
  const isolation = body.package === undefined ? { device: true } : { packages: [body.package] }
  const device = devices.find(({ id }) => id === params.device)
  return device && Object.assign(device, { isolation }).isolation
}

export function release({ devices }: Canned, { params }: Asked): unknown {
  const device = devices.find(({ id }) => id === params.device)
  if (device) Object.assign(device, { isolation: undefined })
  return {}
}
