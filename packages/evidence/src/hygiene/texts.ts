/** Whether a program holds these letters as a whole text, between zeros, as C keeps them. */
export function hasText(program: Buffer, text: string): boolean {
  // Sought without the zeros: a program is full of them, and each would be looked behind.
  for (let at = program.indexOf(text); at >= 0; at = program.indexOf(text, at + 1)) {
    if (program[at - 1] === 0 && program[at + text.length] === 0) return true
  }
  return false
}
