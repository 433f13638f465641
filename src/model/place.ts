/** Field names and list indices from an object's root to one of its fields: `['spec', 'ingress', 0, 'from']`. */
export type Path = readonly (string | number)[];

/** Where something stands in the input; `line` and `column` count from 1. Standard input is `<stdin>`. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Where an object came from. Places are worked out when they are asked for: most never are.
 *
 * Implemented by `manifest/` for text and for objects that were handed over in memory (then `file` names what the
 * caller named, and every place is line 1, column 1).
 */
export interface Origin {
  readonly file: string;
  /** The place of the value at `path`, else of the nearest ancestor that exists. */
  locate(path: Path): Place;
  /** The place of the key of a mapping entry, for findings about the field itself; as `locate` where there is none. */
  locateKey(path: Path): Place;
  /**
   * The lines `from` to `to` (both included, from 1) of the text, without line ends; `undefined` where there is no text
   * that people could read (objects in memory, JSON on one line).
   */
  lines(from: number, to: number): readonly string[] | undefined;
  /** The last line that belongs to the value at `path`, for quoting a whole rule; `undefined` as for `lines`. */
  endLine(path: Path): number | undefined;
}

/** An object of the input, by what Kubernetes knows it by. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** `spec.ingress[0].from[1].ipBlock.cidr`, as the API server writes field paths. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
