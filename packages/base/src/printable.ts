/**
 * Everything by which a text could act on the terminal that shows it, but for line feed and tab: control
 * characters (C0, DEL, C1: ECMA-48) and those that turn the direction of writing (UAX #9).
 */
const acting = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g

/** A text of strangers, as it may be shown to people: what would act on their terminal is `�`. */
export function toPrintable(text: string): string {
  return text.replace(acting, '\ufffd')
}

/** The same for a text that is JSON: what would act is written as its escape, and means the same. */
export function toPrintableJson(json: string): string {
  return json.replace(acting, sign => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
