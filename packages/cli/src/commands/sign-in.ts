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

/** A one-time link; the token is behind the `#`, so that no server or proxy ever logs it. */
export async function makeSignInLink({
  home,
  client,
}: Fleet): Promise<{ url: string; expiresAt: string }> {
  const { token, expiresAt } = await client.call(createSignInLink, {})
  return { url: `${home.server}/#sign-in=${token}`, expiresAt }
}
