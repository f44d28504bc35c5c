import { DefectState, FleetName, object, oneOf, PackageName } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { FailureView } from '../views.ts'
import { DefectDetails, DefectView } from '../views-failures.ts'
import { page } from './params.ts'

export const listFailures = route({
  method: 'GET',
  path: '/v1/failures',
  needs: 'fleet:read',
  isAcrossFleets: true,
  summary: 'Failures that devices reported, newest first, with their last log lines.',
  query: object(page),
  reply: Type.Array(FailureView),
})

/** Which defects are asked for: all, where nothing is said. */
const which = {
  fleet: Type.Optional(FleetName),
  package: Type.Optional(PackageName),
  state: Type.Optional(DefectState),
  /** Those that want a person: open ones, and those that came back. */
  wanting: Type.Optional(Type.Literal('true')),
}

export const listDefects = route({
  method: 'GET',
  path: '/v1/defects',
  needs: 'fleet:read',
  isAcrossFleets: true,
  summary:
    'Failures by fingerprint: how many, on how many devices, since when; the last seen first.',
  query: object({ ...which, limit: page.limit }),
  reply: Type.Array(DefectView),
})

export const exportDefects = route({
  method: 'GET',
  path: '/v1/defects/export',
  needs: 'fleet:read',
  isAcrossFleets: true,
  summary: 'The same as a file: JSON lines or CSV.',
  query: object({ ...which, format: Type.Optional(oneOf('jsonl', 'csv')) }),
  reply: 'bytes',
})

const params = object({ defect: Type.Integer({ minimum: 1 }) })

export const getDefect = route({
  method: 'GET',
  path: '/v1/defects/:defect',
  needs: 'fleet:read',
  summary:
    'One of them: its devices, revisions, counts, failures kept whole, and the releases it is in.',
  params,
  reply: DefectDetails,
})

export const steerDefect = route({
  method: 'POST',
  path: '/v1/defects/:defect/:deed',
  needs: 'rollout:write',
  summary:
    'Resolve, ignore or reopen it. One that is resolved regresses where a later revision has it.',
  params: object({ ...params.properties, deed: oneOf('resolve', 'ignore', 'reopen') }),
  body: object({
    revision: Type.Optional(
      Type.Integer({ minimum: 1, description: 'To resolve: the first revision without it.' }),
    ),
  }),
  reply: DefectView,
})
