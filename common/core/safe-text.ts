/**
 * What could act on a terminal, a log or a reader's eye instead of being shown: control characters (C0, DEL, C1),
 * line and paragraph separators, bidirectional controls, invisible fillers, tags and lone surrogates.
 * The two joiners U+200C and U+200D stay: Persian, Indic scripts and emoji need them.
 */
const unsafeCharacters =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Cs}/gu;

/** Only characters of one column each, none of them unsafe. */
const plainText = /^[\u0020-\u007e]*$/;

/** Graphemes with more code points than this are cut: real ones have fewer, piled-up accents have thousands. */
const maxGraphemeCodePoints = 12;

/** Made once: making one takes longer than most texts. */
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

const wideCharacters =
  /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\u{fe0f}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}])/u;

const zeroWidthCharacters = /^(?:\p{Mn}|\p{Me}|\p{Variation_Selector}|\u200c|\u200d)/u;

/**
 * Makes any foreign text (row values, names, answers of a master, settings) safe to show as one line.
 *
 * Control characters, newlines, bidirectional and invisible characters become visible escapes such as `\n`, `\x1b`
 * and `\u202e`; everything else stays. Applying it twice changes nothing more.
 *
 * @param maxWidth most terminal columns of the result, ≥ 1; longer text ends in `…`. Left out: not cut.
 */
export function safeText(text: string, maxWidth?: number): string {
  if (maxWidth === undefined) return escapeUnsafe(text);
  // No visible text needs more than 32 units a column, so megabytes are not looked at.
  const head = text.length > maxWidth * 32 ? `${text.slice(0, maxWidth * 32)} ` : text;
  const escaped = escapeUnsafe(head);
  if (plainText.test(escaped)) {
    return escaped.length <= maxWidth ? escaped : `${escaped.slice(0, maxWidth - 1)}…`;
  }
  return cutToWidth(escaped, maxWidth, head !== text);
}

/** Terminal columns that a text takes which has been through {@link safeText}. */
export function displayWidth(text: string): number {
  if (plainText.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes(text)) width += graphemeWidth(segment);
  return width;
}

function escapeUnsafe(text: string): string {
  return plainText.test(text) ? text : text.replace(unsafeCharacters, escapeCharacter);
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

function cutToWidth(text: string, maxWidth: number, isHead: boolean): string {
  let whole = '';
  let width = 0;
  let cut = '';
  let isCut = isHead;
  for (const { segment } of graphemes(text)) {
    const codePoints = Array.from(segment.slice(0, 4 * maxGraphemeCodePoints));
    const shown = codePoints.slice(0, maxGraphemeCodePoints).join('');
    isCut ||= shown !== segment;
    width += graphemeWidth(segment);
    if (width > maxWidth) return `${cut}…`;
    whole += shown;
    if (width < maxWidth) cut = whole;
  }
  return isCut ? `${cut}…` : whole;
}

function graphemes(text: string): Iterable<{ readonly segment: string }> {
  return segmenter.segment(text);
}

function graphemeWidth(grapheme: string): number {
  if (zeroWidthCharacters.test(grapheme)) return 0;
  return wideCharacters.test(grapheme) ? 2 : 1;
}
