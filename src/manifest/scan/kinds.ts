import { unreachable } from '../../errors.ts';
import { classify } from '../objects/index.ts';
import { parseJson } from '../text/index.ts';
import type { Header, ObjectBuilder } from './build.ts';
import { mostHeaders, record, state, walk } from './core.ts';
import type { ScannerCore } from './core.ts';
import { headShape, readingOf, shapes } from './fields.ts';
import type { Frame, Given } from './frames.ts';
import { program } from './program.ts';
import type { Scanner } from './scanner.ts';

/** What the scanner is told of kinds: what to note of their objects, and what lists say of their items. */
export class Kinds {
  readonly #core: ScannerCore;
  readonly #builder: ObjectBuilder;
  readonly #headers: Header[];

  constructor({ core, builder, headers }: Scanner) {
    this.#core = core;
    this.#builder = builder;
    this.#headers = headers;
  }

  /** Tells the scanner what objects of this apiVersion and kind are. */
  define(): void {
    const { state: told } = this.#core;
    const apiVersion = this.#textAt(told[state.apiVersionAt] as number, told[state.apiVersionEnd] as number);
    const kind = this.#textAt(told[state.kindAt] as number, told[state.kindEnd] as number);
    const { header, walked } =
      apiVersion === undefined || kind === undefined || apiVersion === '' || kind === ''
        ? { header: record.whole, walked: walk.care }
        : this.#headerOf(apiVersion, kind, true);
    this.#core.define(told[state.apiVersion] as number, told[state.kind] as number, header, walked);
  }

  #headerOf(apiVersion: string, kind: string, own: boolean): Omit<Given, 'kind'> {
    const reading = readingOf(apiVersion, kind, classify(apiVersion, kind));
    switch (reading.kind) {
      case 'list':
        return { header: record.whole, walked: walk.list };
      case 'whole':
        return { header: record.whole, walked: walk.care };
      case 'counted':
      case 'shape': {
        const isPod = reading.kind === 'shape' && reading.shape === shapes[0];
        const header: Header = own
          ? {
              apiVersion,
              kind,
              isPod,
              isPlainPod: isPod && kind === 'Pod' && apiVersion === 'v1',
              isAskedAbout: !isPod && reading.kind === 'shape',
            }
          : {
              apiVersion: undefined,
              kind: undefined,
              isPod,
              isPlainPod: false,
              isAskedAbout: !isPod && reading.kind === 'shape',
            };
        this.#headers.push(header);
        const shape = reading.kind === 'counted' ? headShape : reading.shape;
        return {
          header: this.#headers.length - 1,
          walked: program.roots[shapes.indexOf(shape)] as number,
        };
      }
      default:
        return unreachable(reading);
    }
  }

  /** The items of a typed list leave out what their list says, when it says it before them. */
  defineDefault(frame: Frame): void {
    const { header, walked } = this.givenOf(frame);
    this.#core.defineDefault(header, walked);
  }

  /** What the members of a list so far say of its items. */
  givenOf(frame: Frame): Given {
    return (frame.given ??= this.#givenBy(frame));
  }

  #givenBy({ members }: Frame): Given {
    const { apiVersion, kind } = parseJson(`{${members.join(',')}}`) as Readonly<Record<string, unknown>>;
    if (
      typeof apiVersion !== 'string' ||
      typeof kind !== 'string' ||
      apiVersion === '' ||
      kind === 'List' ||
      !kind.endsWith('List') ||
      this.#headers.length >= mostHeaders
    ) {
      const isList = typeof kind === 'string' && kind !== 'List' && kind.endsWith('List');
      const says = isList ? 'yes' : kind === undefined ? 'later' : 'no';
      return { header: record.whole, walked: walk.care, kind: says };
    }
    return { ...this.#headerOf(apiVersion, kind.slice(0, -4), false), kind: 'yes' };
  }

  /** What held for the items of the list around one that has ended. @param outer - that list; `undefined` at the top */
  restoreDefault(outer: Frame | undefined): void {
    if (outer?.kind === 'object') this.defineDefault(outer);
    else this.#core.defineDefault(record.whole, walk.care);
  }

  #textAt(start: number, end: number): string | undefined {
    try {
      return String(JSON.parse(this.#builder.decode(start, end)));
    } catch {
      return undefined;
    }
  }
}
