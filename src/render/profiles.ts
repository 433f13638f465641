import { unreachable } from '../errors.ts';
import type { Behaviour, BehaviourCell, ProfileName } from '../policy/index.ts';
import { apiVersion } from '../reach/index.ts';
import { jsonOf } from './document.ts';
import { tableLines } from './table.ts';
import { lookOf, wrap, type RenderOptions } from './text.ts';

/** The formats of `profiles -o`, in the order of its help. */
export const profileFormats = ['table', 'json', 'md'] as const;

/** One of `profileFormats`. */
export type ProfileFormat = (typeof profileFormats)[number];

/**
 * The table of profiles as text. Of several profiles the table says where they read otherwise than `upstream`, of one
 * what it does and who says so; JSON and Markdown have every cell.
 *
 * @param names - the profiles that are told, in their order
 */
export function renderProfiles(
  behaviours: readonly Behaviour[],
  names: readonly ProfileName[],
  format: ProfileFormat,
  options: RenderOptions,
): string {
  switch (format) {
    case 'table':
      return [
        ...(names.length === 1
          ? oneProfile(behaviours, names[0]!, options)
          : overview(behaviours, names, options)),
      ]
        .map((line) => `${line}\n`)
        .join('');
    case 'json':
      return [
        ...jsonOf([
          { name: 'apiVersion', value: apiVersion },
          { name: 'kind', value: 'ProfileTable' },
          { name: 'profiles', value: names },
          { name: 'behaviours', items: behaviours.map((behaviour) => cellsOf(behaviour, names)) },
        ]),
      ].join('');
    case 'md':
      return markdown(behaviours, names);
    default:
      return unreachable(format);
  }
}

function cellsOf(behaviour: Behaviour, names: readonly ProfileName[]): unknown {
  return { ...behaviour, cells: Object.fromEntries(names.map((name) => [name, behaviour.cells[name]])) };
}

function* overview(
  behaviours: readonly Behaviour[],
  names: readonly ProfileName[],
  options: RenderOptions,
): Generator<string, void> {
  const look = lookOf(options);
  for (const followed of [true, false]) {
    const rows = behaviours.filter((behaviour) => behaviour.followed === followed);
    if (look.headers) {
      if (!followed) yield '';
      yield followed ? 'What answers follow:' : 'What is only told:';
    }
    yield* tableLines(
      [
        { title: 'BEHAVIOUR', keeps: [24] },
        { title: 'UPSTREAM', keeps: [8] },
        { title: 'OTHERWISE', keeps: [24] },
        { title: 'UNKNOWN', keeps: [8] },
      ],
      rows.map(({ id, cells }) => [
        id,
        valueOf(cells.upstream),
        otherwise(cells, names),
        names.filter((name) => cells[name] === 'unknown').join(', '),
      ]),
      look,
    );
  }
  if (!look.headers || options.brief === true) return;
  yield '';
  yield* wrap(
    'One profile with its sources: podwall profiles cilium. What is unknown is read as upstream reads it, and the answer says so where it matters.',
    look,
  );
}

/** `no: np-guard, cilium; …`: who reads a behaviour otherwise than upstream. */
function otherwise(cells: Behaviour['cells'], names: readonly ProfileName[]): string {
  const groups = new Map<string, ProfileName[]>();
  for (const name of names) {
    const cell = cells[name];
    if (cell === 'unknown' || valueOf(cell) === valueOf(cells.upstream)) continue;
    const group = groups.get(valueOf(cell));
    if (group === undefined) groups.set(valueOf(cell), [name]);
    else group.push(name);
  }
  return [...groups].map(([value, group]) => `${value}: ${group.join(', ')}`).join('; ');
}

function* oneProfile(
  behaviours: readonly Behaviour[],
  name: ProfileName,
  options: RenderOptions,
): Generator<string, void> {
  const look = lookOf(options);
  for (const { id, question, corner, followed, cells } of behaviours) {
    const cell = cells[name];
    const value = cell === 'unknown' ? 'unknown' : cell.text;
    yield `${look.heading(id)} ${look.quiet(`(corner ${corner}${followed ? '' : ', only told'})`)}`;
    if (look.headers) yield* wrap(`  ${question.replaceAll('`', '')}`, look);
    yield* wrap(`  ${cell === 'unknown' ? look.doubtful(value) : value}`, look);
    if (cell === 'unknown') continue;
    const { text, url } = cell.source;
    yield* wrap(`  ${look.quiet(text)}`, look);
    if (url !== undefined) yield `  ${look.quiet(url)}`;
  }
}

function valueOf(cell: BehaviourCell): string {
  if (cell === 'unknown') return cell;
  if (typeof cell.value === 'string') return cell.value;
  return cell.value ? 'yes' : 'no';
}

function markdown(behaviours: readonly Behaviour[], names: readonly ProfileName[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  let text = line(['behaviour', 'question', 'corner', ...names.map((name) => `\`${name}\``)]);
  text += line(['---', '---', '---', ...names.map(() => '---')]);
  for (const { id, question, corner, cells } of behaviours) {
    const values = names.map((name) => {
      const cell = cells[name];
      if (cell === 'unknown') return 'unknown';
      return cell.source.url === undefined ? cell.text : `[${cell.text}](${cell.source.url})`;
    });
    text += line([`\`${id}\``, question, String(corner), ...values]);
  }
  return text;
}
