import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LINK = /!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const HEADING = /^#{1,6}\s+(.+?)\s*#*$/gm;

/** A link that leads nowhere. */
export interface BrokenLink {
  readonly target: string;
  readonly reason: string;
}

/**
 * Finds links of a Markdown page to files of the repository, or to headings, that do not exist.
 * Addresses with a scheme are not looked at: checks run without a network.
 *
 * @param path of the page; its links are relative to the page's directory.
 */
export function findBrokenLinks(path: string): readonly BrokenLink[] {
  const targets = [...withoutCode(readFileSync(path, 'utf8')).matchAll(LINK)].map(
    ([, to]) => to ?? '',
  );
  return targets
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
    .flatMap((target) => {
      const reason = faultOf(path, target);
      return reason === undefined ? [] : [{ target, reason }];
    });
}

function faultOf(path: string, target: string): string | undefined {
  const [file = '', anchor] = target.split('#');
  const page = file === '' ? path : join(dirname(path), decodeURIComponent(file));
  if (!existsSync(page)) return 'no such file';
  if (anchor === undefined || statSync(page).isDirectory() || !page.endsWith('.md'))
    return undefined;
  return anchorsOf(readFileSync(page, 'utf8')).has(anchor) ? undefined : 'no such heading';
}

/** Anchors as code hosts make them: lower case, punctuation dropped, spaces to hyphens, repeats numbered. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(markdown).matchAll(HEADING)) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function withoutFences(markdown: string): string {
  return markdown.replaceAll(/^(\s*)(```|~~~)[\s\S]*?^\s*\2/gm, '');
}

function withoutCode(markdown: string): string {
  return withoutFences(markdown).replaceAll(/`[^`\n]*`/g, '');
}
