import {
  DeviceId,
  FleetName,
  GrantRules,
  InterfaceName,
  object,
  Revision,
} from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import {
  DecisionView,
  FleetGrants,
  GrantScope,
  GrantVerdict,
  RequestChangeView,
  ReviewView,
} from '../views-grants.ts'
import { publisherAndName } from './params.ts'

const decision = {
  fleet: FleetName,
  ...publisherAndName,
  interface: InterfaceName,
  scope: GrantScope,
  target: Type.String(),
}

export const listGrants = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/grants',
  needs: 'fleet:read',
  summary:
    'What the packages of a fleet, or of one of its devices, ask for, what each is granted and by whose word.',
  params: object({ fleet: FleetName }),
  query: object({ device: Type.Optional(DeviceId) }),
  reply: FleetGrants,
})

export const decideGrant = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/grants/:publisher/:name/:interface/:scope/:target',
  needs: 'settings:write',
  summary:
    'Grant or refuse what a package asks for, for the fleet or for one device, and order the change.',
  params: object(decision),
  body: object({
    verdict: GrantVerdict,
    /** Whose request is granted; absent: that of the newest revision that is rolled out or runs. */
    revision: Type.Optional(Revision),
  }),
  reply: object({ decision: DecisionView, ordered: Type.Integer({ minimum: 0 }) }),
})

export const forgetGrant = route({
  method: 'DELETE',
  path: '/v1/fleets/:fleet/grants/:publisher/:name/:interface/:scope/:target',
  needs: 'settings:write',
  summary: 'Take back what was said of an interface of a package, and order the change.',
  params: object(decision),
  reply: 'nothing',
})

export const setGrantRules = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/grant-rules',
  needs: 'settings:write',
  summary: 'Say which packages and publishers have an interface without being asked about.',
  params: object({ fleet: FleetName }),
  body: GrantRules,
  reply: object({ rules: GrantRules, ordered: Type.Integer({ minimum: 0 }) }),
})

export const compareRequests = route({
  method: 'GET',
  path: '/v1/packages/:publisher/:name/request-changes',
  needs: 'release:read',
  summary: 'What a revision asks for that another did not, and the other way round.',
  params: object(publisherAndName),
  query: object({ from: Type.Optional(Revision), to: Revision }),
  reply: Type.Array(RequestChangeView),
})

export const listReviews = route({
  method: 'GET',
  path: '/v1/reviews',
  needs: 'release:read',
  summary:
    'Revisions whose risky requests wait for a reviewer, or have been reviewed; newest first.',
  reply: Type.Array(ReviewView),
})

export const reviewRelease = route({
  method: 'POST',
  path: '/v1/packages/:publisher/:name/reviews/:revision',
  needs: 'release:review',
  summary: 'Approve or reject what a revision asks for; only then may it go to stable, or not.',
  params: object({ ...publisherAndName, revision: Revision }),
  body: object({
    verdict: Type.String({ pattern: '^(approved|rejected)$' }),
    reason: Type.String({ minLength: 3, maxLength: 500 }),
  }),
  reply: ReviewView,
})

export const getReviewPolicy = route({
  method: 'GET',
  path: '/v1/review-policy',
  needs: 'release:read',
  summary: 'The interfaces that a reviewer must see a request for before it goes to stable.',
  reply: object({ interfaces: Type.Array(InterfaceName) }),
})

export const setReviewPolicy = route({
  method: 'PUT',
  path: '/v1/review-policy',
  needs: 'server:administer',
  summary: 'Say which interfaces a reviewer must see a request for before it goes to stable.',
  body: object({ interfaces: Type.Array(InterfaceName, { maxItems: 200, uniqueItems: true }) }),
  reply: object({ interfaces: Type.Array(InterfaceName) }),
})
