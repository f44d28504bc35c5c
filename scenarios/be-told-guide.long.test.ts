import { test } from 'node:test'
import { followGuide } from './guide.ts'

test('the guide “be told” works word by word', { timeout: 300_000 }, t =>
  followGuide(t, { file: 'docs/guides/be-told.md', ports: [8486, 8487], programs: [] }),
)
