import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Coming, takeComing } from './coming.ts'

type Row = [path: string, search: string, hash: string, coming: Coming | undefined, shown?: string]

const rows: readonly Row[] = [
  ['/devices', '?x=1', '#sign-in=abc', { by: 'link', token: 'abc' }, '/devices?x=1'],
  ['/devices', '?x=1', '#main', undefined],
  ['/devices', '?code=x&state=in.x', '', undefined],
  ['/sign-on', '?state=in.n.h&code=x', '', { by: 'sign-on', answer: '?state=in.n.h&code=x' }, '/'],
  [
    '/sign-on',
    '?state=connect.n.h',
    '',
    { by: 'connecting', answer: '?state=connect.n.h' },
    '/you',
  ],
]
for (const [pathname, search, hash, coming, shown] of rows)
  test(`the address ${pathname}${search}${hash} brings ${coming?.by ?? 'nothing'}`, () => {
    const replaced: unknown[] = []
    const history = {
      replaceState: (_: unknown, __: string, url: unknown) => void replaced.push(url),
    }
    const location = { hash, pathname, search }
    assert.deepEqual(takeComing(location, history as Pick<History, 'replaceState'>), coming)
    assert.deepEqual(replaced, shown === undefined ? [] : [shown])
  })
