import { object } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { NewPasskey, PasskeyAnswer, PasskeyQuestion, PasskeyView } from '../views-people.ts'

const name = Type.String()

export const askForPasskey = route({
  method: 'POST',
  path: '/v1/sign-in/passkey/question',
  needs: 'anyone',
  summary: 'What a browser asks its authenticator with, so that somebody signs in.',
  reply: PasskeyQuestion,
})

export const signInByPasskey = route({
  method: 'POST',
  path: '/v1/sign-in/passkey',
  needs: 'anyone',
  summary: 'Sign in with a passkey; the reply sets the cookie of a session.',
  body: PasskeyAnswer,
  reply: object({ name }),
})

export const signInByCode = route({
  method: 'POST',
  path: '/v1/sign-in/recovery-code',
  needs: 'anyone',
  summary: 'Sign in with a recovery code; each is good once.',
  body: object({ code: Type.String({ minLength: 10, maxLength: 60 }) }),
  reply: object({ name }),
})

export const askForNewPasskey = route({
  method: 'POST',
  path: '/v1/passkeys/question',
  needs: 'signed-in',
  isNoAct: true,
  summary: 'What a browser asks its authenticator with, so that it makes a passkey.',
  reply: PasskeyQuestion,
})

export const addPasskey = route({
  method: 'POST',
  path: '/v1/passkeys',
  needs: 'signed-in',
  summary: 'Keep a passkey that the browser has made.',
  body: object({ name: Type.String({ minLength: 1, maxLength: 60 }), passkey: NewPasskey }),
  reply: PasskeyView,
})

export const listPasskeys = route({
  method: 'GET',
  path: '/v1/passkeys',
  needs: 'signed-in',
  summary: 'One’s own passkeys.',
  reply: Type.Array(PasskeyView),
})

export const removePasskey = route({
  method: 'DELETE',
  path: '/v1/passkeys/:passkey',
  needs: 'signed-in',
  summary: 'Forget one of one’s own passkeys.',
  params: object({ passkey: Type.String({ maxLength: 2000 }) }),
  reply: 'nothing',
})

export const makeRecoveryCodes = route({
  method: 'POST',
  path: '/v1/recovery-codes',
  needs: 'signed-in',
  summary: 'Make new recovery codes; those that were made before end.',
  reply: object({ codes: Type.Array(Type.String()) }),
})
