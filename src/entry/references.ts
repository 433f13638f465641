import type { Cluster, GroupKind, ObjectReference, Path } from '../model/index.ts';
import type { EntryFindings, Subject } from './findings.ts';

/** References across namespaces, and Secrets, as entrances make them. */
export class References {
  readonly #cluster: Cluster;
  readonly #findings: EntryFindings;
  readonly #secrets: ReadonlyMap<string, string>;
  #hasToldOfSecrets = false;

  constructor(cluster: Cluster, findings: EntryFindings) {
    this.#cluster = cluster;
    this.#findings = findings;
    this.#secrets = new Map(
      cluster.entrances.secrets.map(({ namespace, name, type }) => [`${namespace}/${name}`, type]),
    );
  }

  /**
   * Whether an object may refer to one of another namespace; told when it may not.
   *
   * @see https://gateway-api.sigs.k8s.io/api-types/referencegrant/
   */
  granted(
    from: GroupKind & { readonly namespace: string },
    to: ObjectReference,
    subject: Subject,
    at: Path,
  ): boolean {
    if (from.namespace === to.namespace) return true;
    const isGranted = this.#cluster.entrances.referenceGrants.some(
      (grant) =>
        grant.namespace === to.namespace &&
        grant.from.some(
          (each) => each.group === from.group && each.kind === from.kind && each.namespace === from.namespace,
        ) &&
        grant.to.some(
          (each) =>
            each.group === to.group &&
            each.kind === to.kind &&
            (each.name === undefined || each.name === to.name),
        ),
    );
    if (!isGranted) {
      const vain = to.kind === 'Secret' ? 'its certificate is not used' : 'it leads nowhere';
      this.#findings.warn(
        subject,
        'reference-not-granted',
        at,
        `No ReferenceGrant of ${to.namespace} lets a ${from.kind} of ${from.namespace} refer to its ${to.kind} ${to.name}, so ${vain}`,
        `write a ReferenceGrant in ${to.namespace}`,
      );
    }
    return isGranted;
  }

  /** Tells of a Secret with a certificate what is wrong with it. */
  checkCertificate(namespace: string, name: string, subject: Subject, at: Path): void {
    const type = this.#secrets.get(`${namespace}/${name}`);
    if (type === undefined && this.#secrets.size === 0) {
      // Who dumps a cluster leaves its Secrets out, and rightly so.
      if (this.#hasToldOfSecrets) return;
      this.#hasToldOfSecrets = true;
      const message = `The input holds no Secrets, so whether ${namespace}/${name} and others have a certificate is not known`;
      this.#findings.note(subject, 'tls-secret-unknown', at, message);
      return;
    }
    if (type === undefined) {
      const message = `There is no Secret ${namespace}/${name}, so there is no certificate for this host`;
      this.#findings.warn(subject, 'tls-secret-missing', at, message, 'kubectl create secret tls makes one');
    } else if (type !== 'kubernetes.io/tls') {
      const message = `The Secret ${namespace}/${name} is of type ${type}, not kubernetes.io/tls`;
      const hint =
        'some controllers take it all the same; kubectl create secret tls makes one of the right type';
      this.#findings.warn(subject, 'tls-secret-type', at, message, hint);
    }
  }
}
