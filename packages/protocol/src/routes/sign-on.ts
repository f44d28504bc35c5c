import { object } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { SignOnView } from '../views-people.ts'

/** Where a browser goes to prove who it is. */
const Question = object({ url: Type.String() })

/** What the provider sent the browser back with: the query of that address, as it came. */
const Answer = object({ answer: Type.String({ minLength: 1, maxLength: 8000 }) })

export const getSignOn = route({
  method: 'GET',
  path: '/v1/sign-in/sign-on',
  needs: 'anyone',
  summary: 'By which OpenID provider people may sign in; null where none is configured.',
  reply: object({ name: Type.Union([Type.String(), Type.Null()]) }),
})

export const beginSignOn = route({
  method: 'POST',
  path: '/v1/sign-in/sign-on/question',
  needs: 'anyone',
  summary: 'Begin to sign in by the OpenID provider: where the browser goes.',
  reply: Question,
})

export const signInBySignOn = route({
  method: 'POST',
  path: '/v1/sign-in/sign-on',
  needs: 'anyone',
  summary:
    'Sign in with what the OpenID provider answered; the reply sets the cookie of a session.',
  body: Answer,
  reply: object({ name: Type.String() }),
})

export const beginConnecting = route({
  method: 'POST',
  path: '/v1/sign-ons/question',
  needs: 'signed-in',
  isNoAct: true,
  summary: 'Begin to connect one’s account of the OpenID provider: where the browser goes.',
  reply: Question,
})

export const addSignOn = route({
  method: 'POST',
  path: '/v1/sign-ons',
  needs: 'signed-in',
  summary: 'Connect the account that the OpenID provider has answered for.',
  body: Answer,
  reply: SignOnView,
})

export const listSignOns = route({
  method: 'GET',
  path: '/v1/sign-ons',
  needs: 'signed-in',
  summary: 'One’s own accounts of the OpenID provider.',
  reply: Type.Array(SignOnView),
})

export const removeSignOn = route({
  method: 'DELETE',
  path: '/v1/sign-ons/:account',
  needs: 'signed-in',
  summary: 'Forget one of one’s own accounts of the OpenID provider.',
  params: object({ account: Type.String({ maxLength: 60 }) }),
  reply: 'nothing',
})
