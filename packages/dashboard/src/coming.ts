const mark = '#sign-in='

/** With what a browser comes: the token of a link, or the answer of an OpenID provider. */
export type Coming =
  | { readonly by: 'link'; readonly token: string }
  | { readonly by: 'sign-on' | 'connecting'; readonly answer: string }

/** Takes what opens the door out of the address before anything else sees it. */
export function takeComing(
  location: Pick<Location, 'hash' | 'pathname' | 'search'>,
  history: Pick<History, 'replaceState'>,
): Coming | undefined {
  const { hash, pathname, search } = location
  if (hash.startsWith(mark)) {
    history.replaceState(null, '', pathname + search)
    return { by: 'link', token: hash.slice(mark.length) }
  }
  if (pathname !== '/sign-on') return undefined
  const isConnecting = new URLSearchParams(search).get('state')?.startsWith('connect.')
  history.replaceState(null, '', isConnecting ? '/you' : '/')
  return { by: isConnecting ? 'connecting' : 'sign-on', answer: search }
}
