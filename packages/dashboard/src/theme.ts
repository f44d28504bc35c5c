import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

/** The one accent: a deep harbour blue. Every shade that carries text passes WCAG AA. */
const harbour: MantineColorsTuple = [
  '#eef3fc',
  '#dbe5f8',
  '#b5caf0',
  '#8dade9',
  '#729aeb',
  '#4d7cd9',
  '#3a6ac9',
  '#2b5fc7',
  '#244fa6',
  '#1b3d83',
]

/** Neutral greys with a breath of blue, for the dark scheme. */
const dark: MantineColorsTuple = [
  '#dfe3ea',
  '#b9c0cc',
  '#9aa3b3',
  '#646e80',
  '#3a4353',
  '#2b3240',
  '#20262f',
  '#171c24',
  '#11151b',
  '#0c0f14',
]

const fontFamily =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Ubuntu, Cantarell, sans-serif'

/** Mantine's theme: system fonts, one accent, calm radii. */
export const theme = createTheme({
  primaryColor: 'harbour',
  primaryShade: { light: 7, dark: 7 },
  colors: { harbour, dark },
  fontFamily,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: { fontFamily, fontWeight: '650' },
})

/** Text that is quieter than the rest, yet still readable (Mantine's own grey is not, by WCAG AA). */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#596273', '--mantine-color-placeholder': '#6b7485' },
  dark: { '--mantine-color-dimmed': '#9da6b6', '--mantine-color-placeholder': '#8a93a3' },
})
