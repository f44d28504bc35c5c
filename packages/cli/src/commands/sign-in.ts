import { createSignInLink } from '@steadfleet/protocol'
import type { CommandSpec } from '../command.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'

/** `steadfleet sign-in` */
export const signIn: CommandSpec = {
  name: 'sign-in',
  summary: 'Print a link that signs a browser in to the dashboard; it works once.',
  examples: ['sign-in', 'sign-in --json'],
  async run(call) {
    const link = await makeSignInLink(await openFleet(call))
    call.output.note(`works once, until ${link.expiresAt}:`)
    call.output.answer(link, () => link.url)
  },
}

/** A one-time link for whoever holds this machine's key. */
export async function makeSignInLink({
  home,
  client,
}: Fleet): Promise<{ url: string; expiresAt: string }> {
  const { token, expiresAt } = await client.call(createSignInLink, {})
  return { url: linkUrl(home.server, token), expiresAt }
}

/**
 * The token is behind the `#`, so that no server or proxy ever logs it. On this machine the page is opened
 * by its name: browsers make no passkey for an address.
 */
export function linkUrl(server: string, token: string): string {
  const named = server.replace(/^http:\/\/127\.0\.0\.1(?=:|$)/, 'http://localhost')
  return `${named}/#sign-in=${token}`
}
