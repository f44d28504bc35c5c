import { FleetName, NoticeKindName, object, Timestamp } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import {
  AlertRule,
  AlertRuleName,
  AlertRuleView,
  DeliveryView,
  EndpointId,
  EndpointView,
  MailChoiceView,
  NoticeView,
} from '../views-notices.ts'
import { page } from './params.ts'

const Kinds = Type.Array(NoticeKindName, { minItems: 1, maxItems: 20, uniqueItems: true })
const inFleet = object({ fleet: FleetName })
const one = object({ fleet: FleetName, endpoint: EndpointId })
const Secret = Type.String({ description: 'Shown this once: `whsec_` and the key in base64.' })

export const listNotices = route({
  method: 'GET',
  path: '/v1/notices',
  needs: 'fleet:read',
  isAcrossFleets: true,
  summary: 'What people were told, newest first: halts, new failures, silence, expiring keys.',
  query: object(page),
  reply: Type.Array(NoticeView),
})

export const listEndpoints = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/endpoints',
  needs: 'fleet:read',
  summary: 'Webhooks of a fleet: where notices are sent, of which kinds, and whether they arrive.',
  params: inFleet,
  reply: Type.Array(EndpointView),
})

export const addEndpoint = route({
  method: 'POST',
  path: '/v1/fleets/:fleet/endpoints',
  needs: 'fleet:write',
  summary:
    'Send notices of these kinds to a URL, signed by Standard Webhooks with the secret in the reply.',
  params: inFleet,
  body: object({ url: Type.String({ minLength: 1, maxLength: 500 }), kinds: Kinds }),
  reply: object({ endpoint: EndpointView, secret: Secret }),
})

export const changeEndpoint = route({
  method: 'PATCH',
  path: '/v1/fleets/:fleet/endpoints/:endpoint',
  needs: 'fleet:write',
  summary: 'Send it other kinds, or turn it off or on.',
  params: one,
  body: object({ kinds: Type.Optional(Kinds), on: Type.Optional(Type.Boolean()) }),
  reply: EndpointView,
})

export const removeEndpoint = route({
  method: 'DELETE',
  path: '/v1/fleets/:fleet/endpoints/:endpoint',
  needs: 'fleet:write',
  summary: 'Forget a webhook, and what was sent there.',
  params: one,
  reply: 'nothing',
})

export const renewEndpointSecret = route({
  method: 'POST',
  path: '/v1/fleets/:fleet/endpoints/:endpoint/secret',
  needs: 'fleet:write',
  summary: 'Make another secret for a webhook. The one before signs beside it for a day.',
  params: one,
  reply: object({ secret: Secret }),
})

export const testEndpoint = route({
  method: 'POST',
  path: '/v1/fleets/:fleet/endpoints/:endpoint/test',
  needs: 'fleet:write',
  summary: 'Send a webhook a notice that tells nothing.',
  params: one,
  reply: object({ delivery: Type.Integer({ minimum: 1 }) }),
})

export const replayDeliveries = route({
  method: 'POST',
  path: '/v1/fleets/:fleet/endpoints/:endpoint/replay',
  needs: 'fleet:write',
  summary:
    'Send one delivery again, or all notices of its kinds since a moment, each under its own id.',
  params: one,
  body: object({
    delivery: Type.Optional(Type.Integer({ minimum: 1 })),
    since: Type.Optional(Timestamp),
  }),
  reply: object({ queued: Type.Integer({ minimum: 0 }) }),
})

export const listDeliveries = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/endpoints/:endpoint/deliveries',
  needs: 'fleet:read',
  summary: 'What was sent to a webhook and what is due there, newest first.',
  params: one,
  query: object(page),
  reply: Type.Array(DeliveryView),
})

export const getMailChoice = route({
  method: 'GET',
  path: '/v1/mail',
  needs: 'signed-in',
  summary: 'What the caller is told by mail.',
  reply: MailChoiceView,
})

export const chooseMail = route({
  method: 'PUT',
  path: '/v1/mail',
  needs: 'signed-in',
  summary: 'Be told notices of these kinds by mail, many in one; of none, to have no mail.',
  body: object({
    address: Type.String({ pattern: '^[^\\s@<>",;:]{1,64}@[A-Za-z0-9.-]{1,190}$' }),
    kinds: Type.Array(NoticeKindName, { maxItems: 20, uniqueItems: true }),
  }),
  reply: MailChoiceView,
})

export const listAlertRules = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/alert-rules',
  needs: 'fleet:read',
  summary: 'The standing rules of a fleet: what is counted, and from how many on somebody is told.',
  params: inFleet,
  reply: Type.Array(AlertRuleView),
})

const rule = object({ fleet: FleetName, rule: AlertRuleName })

export const putAlertRule = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/alert-rules/:rule',
  needs: 'fleet:write',
  summary: 'Tell whoever chose alert.raised when so many come within so long.',
  params: rule,
  body: AlertRule,
  reply: AlertRuleView,
})

export const removeAlertRule = route({
  method: 'DELETE',
  path: '/v1/fleets/:fleet/alert-rules/:rule',
  needs: 'fleet:write',
  summary: 'Forget a rule.',
  params: rule,
  reply: 'nothing',
})
