import { Button, Group, Stack, TextInput } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { signInByPasskey } from '../passkeys.ts'
import { session } from '../queries.ts'
import { SignOnButton } from './sign-on-button.tsx'

/** A passkey, the provider where there is one, or a recovery code for the day without one. */
export function SignInWays(): ReactNode {
  const client = useQueryClient()
  const [code, setCode] = useState('')
  const onSuccess = () => client.invalidateQueries(session)
  const byPasskey = useMutation({ mutationFn: signInByPasskey, onSuccess })
  const byCode = useMutation({
    mutationFn: () => call('signInByCode', { body: { code } }),
    onSuccess,
  })
  const error = byPasskey.error ?? byCode.error
  return (
    <Stack gap="md">
      {error !== null && <ProblemNotice error={error} />}
      <Button
        leftSection={<IconFingerprint size={18} />}
        loading={byPasskey.isPending}
        onClick={() => byPasskey.mutate()}
      >
        Sign in with a passkey
      </Button>
      <SignOnButton />
      <form
        onSubmit={event => {
          event.preventDefault()
          byCode.mutate()
        }}
      >
        <Group gap="sm" align="flex-end">
          <TextInput
            label="Recovery code"
            autoComplete="off"
            style={{ flex: 1 }}
            value={code}
            onChange={event => setCode(event.currentTarget.value)}
          />
          <Button
            type="submit"
            variant="default"
            disabled={code.length < 10}
            loading={byCode.isPending}
          >
            Use the code
          </Button>
        </Group>
      </form>
    </Stack>
  )
}
