import { chosenKinds, type NoticeKind, noticeKinds, noticeShapes } from '@steadfleet/domain'
import { page } from './page.ts'

interface Field {
  readonly type?: string
  readonly description?: string
  readonly pattern?: string
}

/** Every kind of notice and what it says, for people. */
export function makeNotices(): string {
  const parts = noticeKinds.flatMap(kind => [
    `## ${kind}`,
    `${noticeShapes[kind].summary}${chosenKinds.includes(kind) ? '' : ' Sent to one endpoint alone, and not to be chosen.'}`,
    ['| `data` | |', '|---|---|', ...fieldsOf(kind)].join('\n'),
  ])
  const lead =
    'A webhook is sent `{"type", "timestamp", "data"}`: the kind, when it was so, and what is below. The same as AsyncAPI: [asyncapi.json](asyncapi.json).'
  return page('Notices', 'noticeShapes in domain', lead, ...parts)
}

function fieldsOf(kind: NoticeKind): string[] {
  const { properties, required = [] } = noticeShapes[kind].data as unknown as {
    readonly properties: Readonly<Record<string, Field>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, { type, description = '' }]) => {
    const isLeftOut = required.includes(name) ? '' : ' May be absent.'
    const what = [type === undefined ? 'string' : type, description].filter(Boolean).join('. ')
    return `| \`${name}\` | ${what}${isLeftOut} |`
  })
}

/** The same for programs: AsyncAPI 3.0, one message a kind, all on one channel. */
export function makeAsyncApi(): string {
  const messages = Object.fromEntries(
    noticeKinds.map(kind => [
      kind,
      {
        name: kind,
        summary: noticeShapes[kind].summary,
        contentType: 'application/json',
        headers: { $ref: '#/components/schemas/headers' },
        payload: {
          type: 'object',
          required: ['type', 'timestamp', 'data'],
          properties: {
            type: { const: kind },
            timestamp: { type: 'string', format: 'date-time' },
            data: noticeShapes[kind].data,
          },
        },
      },
    ]),
  )
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Steadfleet: notices',
      version: '0.1.0',
      description: 'What a webhook is sent, signed as Standard Webhooks says.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      webhook: {
        description: 'The URL of an endpoint of a fleet.',
        messages: Object.fromEntries(
          noticeKinds.map(kind => [kind, { $ref: `#/components/messages/${kind}` }]),
        ),
      },
    },
    operations: {
      send: { action: 'send', channel: { $ref: '#/channels/webhook' } },
    },
    components: { messages, schemas: { headers } },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

const headers = {
  type: 'object',
  required: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
  properties: {
    'webhook-id': { type: 'string', description: 'The same each time this notice is tried.' },
    'webhook-timestamp': { type: 'string', description: 'Seconds since 1970 of this try.' },
    'webhook-signature': {
      type: 'string',
      description: '`v1,` and the HMAC-SHA256 of id, timestamp and body joined by dots, in base64.',
    },
  },
}
