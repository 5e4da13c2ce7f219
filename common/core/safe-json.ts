/** Characters that JSON leaves as they are and that a terminal or a reader of lines acts on (trap T14). */
const actingCharacters = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/**
 * JSON that can be printed: same values as `JSON.stringify` gives, but no control, separator or bidirectional
 * character of a foreign text appears other than as a JSON escape.
 *
 * @param indent spaces of indentation; left out: one line.
 */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value ?? null, undefined, indent).replace(
    actingCharacters,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
