import { startAuthentication, startRegistration } from '@simplewebauthn/browser'
import { call } from './api.ts'

type Created = Parameters<typeof startRegistration>[0]['optionsJSON']
type Asked = Parameters<typeof startAuthentication>[0]['optionsJSON']

/** What extensions of a browser say is not asked for. */
const nothingMore = { type: 'public-key', clientExtensionResults: {} } as const

/** Has the browser make a passkey, and the server keep it under a name. */
export async function makePasskey(name: string): Promise<void> {
  const optionsJSON = (await call('askForNewPasskey', {})) as unknown as Created
  const made = await startRegistration({ optionsJSON })
  const { clientDataJSON, attestationObject } = made.response
  const response = { clientDataJSON, attestationObject }
  const passkey = { ...nothingMore, id: made.id, rawId: made.rawId, response }
  await call('addPasskey', { body: { name, passkey } })
}

/** Signs in by a passkey that the browser finds by itself. */
export async function signInByPasskey(): Promise<void> {
  const optionsJSON = (await call('askForPasskey', {})) as unknown as Asked
  const { id, rawId, response } = await startAuthentication({ optionsJSON })
  const { clientDataJSON, authenticatorData, signature } = response
  const answered = { clientDataJSON, authenticatorData, signature }
  await call('signInByPasskey', { body: { ...nothingMore, id, rawId, response: answered } })
}
