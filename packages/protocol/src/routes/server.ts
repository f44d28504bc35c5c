import { object } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'

export const serverEvents = route({
  method: 'GET',
  path: '/v1/events',
  needs: 'fleet:read',
  isAcrossFleets: true,
  summary: 'A stream for people: what changed, by topic, so that a view asks again.',
  reply: 'events',
})

export const health = route({
  method: 'GET',
  path: '/v1/health',
  needs: 'anyone',
  summary: 'Whether the server answers, writes and signs.',
  reply: object({ ok: Type.Boolean(), version: Type.String(), signer: Type.Boolean() }),
})

export const readiness = route({
  method: 'GET',
  path: '/v1/ready',
  needs: 'anyone',
  summary:
    'Whether requests may be sent here now: the database answers and the signer is there; 503 otherwise.',
  reply: object({ ready: Type.Literal(true) }),
})

export const backUp = route({
  method: 'POST',
  path: '/v1/backup',
  needs: 'server:administer',
  summary: 'Bring the second store up to date; answers when it is.',
  reply: object({ at: Type.String() }),
})

export const readMetrics = route({
  method: 'GET',
  path: '/metrics',
  needs: 'fleet:read',
  isOpenToItsMachine: true,
  summary: 'Figures for Prometheus. Whoever asks from the server’s own machine needs no name.',
  reply: 'bytes',
})

export const openApiDocument = route({
  method: 'GET',
  path: '/v1/openapi.json',
  needs: 'anyone',
  summary: 'This interface as an OpenAPI 3.1 document.',
  reply: Type.Unknown(),
})
