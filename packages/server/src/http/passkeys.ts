import { isIP } from 'node:net'
import { fromBase64Url, fromUtf8, toBase64Url, toUtf8 } from '@steadfleet/base'
import type { NewPasskey, PasskeyAnswer } from '@steadfleet/protocol'
import { ServerError } from '../error.ts'
import type { Nonces } from './nonces.ts'

/** A passkey as it is kept: nothing of it is secret. */
export interface Passkey {
  readonly id: string
  readonly publicKey: string
  readonly counter: number
}

/** EdDSA, ES256 and RS256: what authenticators in the field make. RFC 9053 §2, RFC 8812 §2 */
const algorithms = [-8, -7, -257]

/** For which page a passkey is: its origin, and of that the name that WebAuthn binds it to. */
export interface Party {
  readonly origin: string
  readonly name: string
}

/** Errors: `passkey/no-name` where the page was opened by an address. WebAuthn §5.1.2 */
export function partyOf(origin: string): Party {
  const { hostname, port } = new URL(origin)
  if (isIP(hostname.replace(/^\[(.*)\]$/, '$1')) === 0) return { origin, name: hostname }
  const message = `cannot use a passkey at ${hostname}: open http://localhost:${port} or the server’s name`
  throw new ServerError('passkey/no-name', message, { origin })
}

// It loads megabytes of certificates’ syntax: whoever starts a server for something else does not wait for it.
const library = () => import('@simplewebauthn/server')

/** What a browser asks with to make a passkey that is unlocked each time it is used. */
export async function newPasskeyQuestion(
  nonces: Nonces,
  party: Party,
  whose: { readonly id: string; readonly name: string; readonly held: readonly string[] },
): Promise<Record<string, unknown>> {
  const { generateRegistrationOptions } = await library()
  const options = await generateRegistrationOptions({
    rpName: 'Steadfleet',
    rpID: party.name,
    userName: whose.name,
    userID: new Uint8Array(toUtf8(whose.id)),
    challenge: challengeFor(nonces),
    attestationType: 'none',
    supportedAlgorithmIDs: algorithms,
    excludeCredentials: whose.held.map(id => ({ id })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
  return { ...options }
}

/** The passkey in a browser’s answer. Errors: `passkey/refused` */
export async function openNewPasskey(
  nonces: Nonces,
  party: Party,
  answer: NewPasskey,
): Promise<Passkey> {
  const { verifyRegistrationResponse } = await library()
  const verified = await orRefused('passkey/refused', () =>
    verifyRegistrationResponse({
      response: answer as Parameters<typeof verifyRegistrationResponse>[0]['response'],
      expectedChallenge: challenge => isOurs(nonces, challenge),
      expectedOrigin: party.origin,
      expectedRPID: party.name,
      supportedAlgorithmIDs: algorithms,
      requireUserVerification: true,
    }),
  )
  spend(nonces, answer.response.clientDataJSON)
  const { id, publicKey, counter } = verified.registrationInfo?.credential ?? {}
  if (!verified.verified || id === undefined || publicKey === undefined) throw refused()
  return { id, publicKey: toBase64Url(publicKey), counter: counter ?? 0 }
}

/** What a browser asks with so that somebody signs in, whoever it is. */
export async function passkeyQuestion(
  nonces: Nonces,
  party: Party,
): Promise<Record<string, unknown>> {
  const { generateAuthenticationOptions } = await library()
  const options = await generateAuthenticationOptions({
    rpID: party.name,
    challenge: challengeFor(nonces),
    userVerification: 'required',
  })
  return { ...options }
}

/** How often the passkey has been used, by an answer that it signed. Errors: `sign-in/refused` */
export async function openAnswer(
  nonces: Nonces,
  party: Party,
  { answer, held }: { readonly answer: PasskeyAnswer; readonly held: Passkey },
): Promise<number> {
  const { verifyAuthenticationResponse } = await library()
  const verified = await orRefused('sign-in/refused', () =>
    verifyAuthenticationResponse({
      response: answer as Parameters<typeof verifyAuthenticationResponse>[0]['response'],
      expectedChallenge: challenge => isOurs(nonces, challenge),
      expectedOrigin: party.origin,
      expectedRPID: party.name,
      credential: {
        ...{ id: held.id, counter: held.counter },
        publicKey: new Uint8Array(fromBase64Url(held.publicKey)),
      },
      requireUserVerification: true,
    }),
  )
  if (!verified.verified) throw refused()
  spend(nonces, answer.response.clientDataJSON)
  return verified.authenticationInfo.newCounter
}

/** A nonce of ours serves for a challenge: nothing is kept for strangers who only ask. */
function challengeFor(nonces: Nonces): Uint8Array<ArrayBuffer> {
  return new Uint8Array(toUtf8(nonces.make()))
}

/** Whether a challenge is ours and young. That it is answered once is looked at when the answer has verified. */
function isOurs(nonces: Nonces, challenge: string): boolean {
  nonces.refuseStale({ nonce: nonceIn(challenge), sequence: 1 })
  return true
}

/** Refuses a second answer to one question: a forged one must not use it up, so this comes last. */
function spend(nonces: Nonces, clientDataJson: string): void {
  const { challenge } = JSON.parse(fromUtf8(fromBase64Url(clientDataJson)))
  nonces.refuseReplay('passkey', { nonce: nonceIn(String(challenge)), sequence: 1 })
}

function nonceIn(challenge: string): string {
  return fromUtf8(fromBase64Url(challenge))
}

/** What the library says of a bad answer helps whoever forges one: it is one refusal. */
async function orRefused<T>(
  code: 'passkey/refused' | 'sign-in/refused',
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    const message = 'cannot accept passkey: its answer is not what was asked for'
    throw new ServerError(code, message, {}, { cause })
  }
}

function refused(): ServerError {
  return new ServerError('passkey/refused', 'cannot accept passkey: it does not verify')
}
