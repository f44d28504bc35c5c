import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inWords, mayOnServer } from './roles.ts'

describe('roles', () => {
  const rows = [
    [{ '*': 'administrator' }, 'administrator', true],
    [{ '*': 'auditor' }, 'auditor', true],
    [{ home: 'administrator' }, 'administrator of home', false],
    [{ '*': 'viewer', home: 'operator' }, 'viewer, operator of home', false],
    [{}, '', false],
  ] as const
  for (const [roles, words, may] of rows) {
    test(`${JSON.stringify(roles)} ${may ? 'read' : 'do not read'} the audit log`, () => {
      assert.equal(inWords(roles), words)
      assert.equal(mayOnServer(roles, 'audit:read'), may)
    })
  }
})
