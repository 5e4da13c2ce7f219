/** Takes secrets out of texts before they are logged or shown. */
export interface Redactor {
  /** From now on this value is replaced wherever it appears; values under 4 characters are ignored. */
  addSecret(secret: string): void;
  /**
   * The text without known secrets, credentials in URLs, bearer tokens and `password=...` forms.
   * Only the first 64 Ki characters are kept.
   */
  text(text: string): string;
  /** Whether values under this name are never shown, such as `Authorization` or `syncToken`. */
  readonly isSecretKey: (key: string) => boolean;
}

/** What stands where a secret was. */
export const redactedMark = '******';

const maxTextLength = 64 * 1024;
const minSecretLength = 4;

const secretKey =
  /(?:^|_)(?:authorization|cookies?|passwords?|passwd|pwd|secrets?|tokens?|api_?keys?|private_?keys?|credentials?)$/;

/** Each: the pattern and what replaces it; `$1` is what stays. The lengths bound the work on hostile text. */
const patterns: readonly (readonly [RegExp, string])[] = [
  // Greedy up to the last @: unencoded passwords may hold one too.
  [/([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"'<>]{0,512}@/gi, `$1${redactedMark}@`],
  [
    /\b(bearer|basic)\s+(?=[^\s"']{0,256}\d|[^\s"']{20})[A-Za-z0-9._~+/=-]{8,4096}/gi,
    `$1 ${redactedMark}`,
  ],
  [
    /((?<![a-z])(?:authorization|cookie|password|passwd|pwd|secret|token|api[_-]?key)["']?=["']?)[^\s"'&,;]{1,4096}/gi,
    `$1${redactedMark}`,
  ],
  [
    /((?<![a-z])(?:authorization|cookie|password|passwd|secret|token|api[_-]?key)"\s{0,8}:\s{0,8}")(?:[^"\\]|\\.){1,4096}/gi,
    `$1${redactedMark}`,
  ],
  [
    /((?<![a-z])(?:authorization|proxy-authorization|cookie|set-cookie|password):\s{0,8})(?!\s)[^\r\n"']{1,4096}/gi,
    `$1${redactedMark}`,
  ],
];

/** Makes a redactor that knows `secrets` and the common forms of credentials. */
export function createRedactor(secrets: readonly string[] = []): Redactor {
  const known = new Set<string>();
  const addSecret = (secret: string): void => {
    if (secret.length < minSecretLength) return;
    for (const form of secretForms(secret)) known.add(form);
  };
  secrets.forEach(addSecret);
  return {
    addSecret,
    text: (text) => redactText(text, known),
    isSecretKey: (key) =>
      secretKey.test(
        key
          .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
          .replaceAll('-', '_')
          .toLowerCase(),
      ),
  };
}

/** A secret as it may appear: bare, in a URL, in JSON, in base64. */
function secretForms(secret: string): readonly string[] {
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret, 'utf8').toString('base64'),
  ];
}

function redactText(text: string, known: ReadonlySet<string>): string {
  let result = text;
  // Longest first, so that a secret within a secret leaves no rest.
  for (const secret of [...known].toSorted((a, b) => b.length - a.length)) {
    result = result.replaceAll(secret, redactedMark);
  }
  // Cut only now: a cut through a secret would hide it from the step above.
  result = result.slice(0, maxTextLength);
  for (const [pattern, replacement] of patterns) result = result.replace(pattern, replacement);
  return result;
}
