/** Where the links and images of a Markdown text lead, in their order; other sites, and what stands in code, left out. */
export function linksOf(text: string): readonly string[] {
  const prose = withoutCode(text).replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '));
  const targets: string[] = [];
  for (const match of prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s*(\S+)/gm)) {
    const target = match[1] ?? match[2] ?? '';
    if (!/^[a-z][a-z0-9+.-]*:/i.test(target)) targets.push(target);
  }
  return targets;
}

/** The anchors of a Markdown text: its headings as web pages of repositories name them, and `<a id="…">`. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const match of withoutCode(text).matchAll(/^#{1,6}\s+(.+?)\s*$|<a id="([^"]+)">/gm)) {
    if (match[2] !== undefined) {
      anchors.add(match[2]);
      continue;
    }
    const heading = (match[1] ?? '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = heading.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

function withoutCode(text: string): string {
  return text.replace(/^(\s*)(`{3,}|~{3,})[\s\S]*?^\1\2\s*$/gm, '');
}
