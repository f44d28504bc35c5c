import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeSignInToken } from './sign-in-token.ts'

const rows: [hash: string, token: string | undefined, shown: string | undefined][] = [
  ['#sign-in=abc', 'abc', '/devices?x=1'],
  ['#main', undefined, undefined],
  ['', undefined, undefined],
]
for (const [hash, token, shown] of rows)
  test(`the address part “${hash}” gives ${token ?? 'no token'}`, () => {
    const replaced: unknown[] = []
    const history = {
      replaceState: (_: unknown, __: string, url: unknown) => void replaced.push(url),
    }
    const location = { hash, pathname: '/devices', search: '?x=1' }
    assert.equal(takeSignInToken(location, history as Pick<History, 'replaceState'>), token)
    assert.deepEqual(replaced, shown === undefined ? [] : [shown])
  })
