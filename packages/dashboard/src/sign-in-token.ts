const mark = '#sign-in='

/** The one-time token of a sign-in link; it leaves the address before anything else sees it. */
export function takeSignInToken(
  location: Pick<Location, 'hash' | 'pathname' | 'search'>,
  history: Pick<History, 'replaceState'>,
): string | undefined {
  if (!location.hash.startsWith(mark)) return undefined
  const token = location.hash.slice(mark.length)
  history.replaceState(null, '', location.pathname + location.search)
  return token
}
