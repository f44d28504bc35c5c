/** A state machine as data: for each state, the events it accepts and where each leads. */
export type Table<State extends string, Event extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Event, State>>>>
>

/** Where `event` leads from `state`, or undefined where the table refuses it. */
export function nextState<State extends string>(
  table: Readonly<Record<State, Readonly<Partial<Record<string, State>>>>>,
  state: State,
  event: string,
): State | undefined {
  const row = table[state]
  return Object.hasOwn(row, event) ? row[event] : undefined
}

/** The table as a Mermaid state diagram; documents print it, nobody draws it. */
export function toMermaid(
  table: Readonly<Record<string, Readonly<Record<string, string>>>>,
): string {
  const arrows = Object.entries(table).flatMap(([from, row]) =>
    Object.entries(row).map(([event, to]) => `  ${name(from)} --> ${name(to)}: ${event}`),
  )
  return ['stateDiagram-v2', ...arrows].join('\n')
}

/** Mermaid ids may hold neither spaces nor dashes. */
function name(state: string): string {
  return state.replace(/[^a-zA-Z0-9]/g, '_')
}
