import { type MudRow, toMudRows } from './describe.ts'
import type { MudFile } from './mud-file.ts'

const width = 720
const row = 64
const box = { width: 260, height: 44 }
const margin = 24

/**
 * A picture of who talks to whom, as SVG: the device on the left, everybody it may talk to on the right, an
 * arrow for each way. The same file makes the same bytes; no text of a file is anything but text in it.
 */
export function toMudSvg(file: MudFile): string {
  const rows = toMudRows(file).filter(({ action }) => action === 'accept')
  const peers = [...new Set(rows.map(({ peer }) => peer))]
  const height = Math.max(peers.length, 1) * row + 2 * margin
  const middle = height / 2
  const title = file.about.systeminfo ?? file.url
  const parts = peers.flatMap((peer, i) => {
    const y = margin + i * row + row / 2
    const own = rows.filter(one => one.peer === peer)
    return [...arrows(own, middle, y), rectangle(width - margin - box.width, y, peer, 'peer')]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="13">`,
    `<title>${safe(title, 200)}: who talks to whom</title>`,
    '<style>.device{fill:#dbe9ff}.peer{fill:#f2f2f2}rect{stroke:#555}path{stroke:#555;fill:none}.small{font-size:11px;fill:#333}</style>',
    '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" style="fill:#555"/></marker></defs>',
    ...parts,
    rectangle(margin, middle, title, 'device', 170),
    ...(peers.length === 0 ? [label(width / 2 + 60, middle, 'it may talk to nobody')] : []),
    '</svg>',
    '',
  ].join('\n')
}

/** One line with a head at each end where packets may go, and what they are in words. */
function arrows(rows: readonly MudRow[], from: number, to: number): string[] {
  const ways = new Set(rows.map(({ direction }) => direction))
  const start = ways.has('in') ? ' marker-start="url(#head)"' : ''
  const end = ways.has('out') ? ' marker-end="url(#head)"' : ''
  const x = width - margin - box.width
  const what = [...new Set(rows.map(wordsOf))].join(', ')
  return [
    `<path d="M${margin + 170} ${from} C ${margin + 230} ${to} ${margin + 230} ${to} ${x} ${to}"${start}${end}/>`,
    label(x - 8, to - 6, what, 28),
  ]
}

function wordsOf({ protocol, ports }: MudRow): string {
  return ports === 'any' ? protocol : `${protocol} ${ports}`
}

function rectangle(x: number, y: number, text: string, kind: string, wide = box.width): string {
  const top = y - box.height / 2
  const words = `<text x="${x + wide / 2}" y="${y + 4}" text-anchor="middle">${safe(text, wide / 7)}</text>`
  const shape = `<rect class="${kind}" x="${x}" y="${top}" width="${wide}" height="${box.height}" rx="6"/>`
  return `<g>${shape}<title>${safe(text, 300)}</title>${words}</g>`
}

function label(x: number, y: number, text: string, most = 60): string {
  return `<text class="small" x="${x}" y="${y}" text-anchor="end">${safe(text, most)}</text>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text that no reader of the picture takes for markup, no longer than its place. */
function safe(text: string, most: number): string {
  const plain = text.replaceAll(/[^\x20-\x7e\u00a1-\ud7ff]/g, ' ')
  const short = plain.length > most ? `${plain.slice(0, Math.floor(most) - 1)}…` : plain
  return short.replaceAll(/[&<>"']/g, one => entities[one] ?? '')
}
