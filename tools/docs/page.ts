/** The first lines of a generated page; whoever edits one learns where it comes from. */
export function page(title: string, source: string, ...parts: readonly string[]): string {
  const note = `<!-- Printed by \`npm run docs\` from ${source}. Edit that, not this. -->`
  return `${[`# ${title}`, note, ...parts].join('\n\n')}\n`
}

export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  return [head, head.map(() => '---'), ...rows]
    .map(cells => `| ${cells.map(cell => String(cell).replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}
