import type { Origin, Path } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What objects of one apiVersion and kind are called. */
export interface KindHeader {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const noFields: Fields = {};

/** Says what the objects of one list are called. Each is asked about once: names that a server would make count on. */
export class Naming {
  #generated = 0;

  /** An object by what Kubernetes knows it by. */
  object(
    { apiVersion, kind, namespaced }: KindHeader,
    value: Fields,
    origin: Origin,
    duplicates: readonly Path[],
  ): RawObject {
    const metadata = isRecord(value.metadata) ? value.metadata : noFields;
    const name = this.#nameOf(metadata);
    const { namespace, uid } = metadata;
    return {
      ref: namespaced
        ? {
            apiVersion,
            kind,
            namespace: typeof namespace === 'string' && namespace !== '' ? namespace : 'default',
            name,
          }
        : { apiVersion, kind, name },
      value,
      origin,
      duplicates,
      stored: typeof uid === 'string' && uid !== '',
    };
  }

  /**
   * The name; of an object that only has generateName, that with a number: each such object is one of its own, and `~`
   * is in no name that a server gives.
   */
  #nameOf(metadata: Fields): string {
    if (typeof metadata.name === 'string' && metadata.name !== '') return metadata.name;
    const prefix = metadata.generateName;
    return typeof prefix === 'string' && prefix !== '' ? `${prefix}~${++this.#generated}` : '';
  }
}
