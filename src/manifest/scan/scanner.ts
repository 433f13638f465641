import type { PodParts } from '../objects/index.ts';
import { ObjectBuilder } from './build.ts';
import type { Header } from './build.ts';
import type { ScannerCore } from './core.ts';
import { PodRows } from './pod-rows.ts';

/** A scanner with what it has learnt: interned values serve all sources. */
export class Scanner {
  readonly core: ScannerCore;
  readonly builder: ObjectBuilder;
  readonly headers: Header[] = [];
  #rows: PodRows | undefined;

  constructor(core: ScannerCore) {
    this.core = core;
    this.builder = new ObjectBuilder(core);
  }

  /** What reads pods as rows of these parts. */
  rowsFor(parts: PodParts): PodRows {
    if (this.#rows?.parts !== parts) this.#rows = new PodRows(this.core, parts);
    return this.#rows;
  }
}
