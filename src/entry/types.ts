import type { ObjectRef, Origin, Path, Pod } from '../model/index.ts';
import type { AddressRange, Protocol } from '../net/index.ts';

/** The kinds of entrances. A route of the Gateway API is part of the Gateways that it attaches to. */
export type EntryKind = 'Ingress' | 'Gateway' | 'Route' | 'Service';

/** An entrance to the cluster, resolved down to pods and their ports (corners 49 and 51). */
export interface Entry {
  /** `ingress/ns/name`, `gateway/ns/name`, `route/ns/name`, or `ns/svc/name` of a Service. */
  readonly id: string;
  readonly kind: EntryKind;
  readonly ref: ObjectRef;
  readonly origin: Origin;
  readonly namespace: string;
  readonly name: string;
  readonly source: EntrySource;
  /** In the order of the text; of a Gateway by listener, then by route. */
  readonly ways: readonly EntryWay[];
}

/** Who opens the connections that come in through an entrance, as the policies of the backends see them. */
export type EntrySource =
  /** The pods of its controller. */
  | {
      readonly kind: 'controller';
      /** `flag`: named by the caller. `gateway`: labelled as this Gateway's. `class`: of its class. `labels`: the only one there is. */
      readonly found: 'flag' | 'gateway' | 'class' | 'labels';
      /** What it is called: `ingress-nginx`, or as the caller named it. */
      readonly name: string;
      readonly pods: readonly Pod[];
    }
  /** No pod of a controller is known: a pod that no policy knows, in a namespace of its own, stands for it. */
  | { readonly kind: 'assumed'; readonly className: string | undefined }
  /** Clients outside the cluster, or a load balancer there. */
  | {
      readonly kind: 'clients';
      readonly ranges: readonly AddressRange[];
      /** Whether the pods may see the address of a node instead (corner 36). */
      readonly orNodes: boolean;
    };

/** One way through an entrance: what a request must ask for, and where it then goes. */
export interface EntryWay {
  /** Empty: every host. */
  readonly hosts: readonly string[];
  /** What of a request decides beside its host, in words: `/api*`, `POST /cart`; `undefined`: nothing. */
  readonly path: string | undefined;
  readonly tls: EntryTls;
  /** `namespace/name` of the Secrets with its certificates. */
  readonly secrets: readonly string[];
  /** The listener and the route of a Gateway: `https`, `HTTPRoute shop/web`. */
  readonly listener: string | undefined;
  readonly route: string | undefined;
  /** `namespace/svc/name`. */
  readonly service: string;
  /** As a client of the Service would write it: its port by number. */
  readonly port: number;
  readonly protocol: Protocol;
  /** Endpoint pods with the port that they take the connection on. */
  readonly targets: readonly EntryTarget[];
  /** Where the backend is written. */
  readonly origin: Origin;
  readonly at: Path;
}

/** Who ends TLS: nobody asks for it, the entrance does, it does and begins it anew, or it passes the connection through. */
export type EntryTls = 'none' | 'terminate' | 'reencrypt' | 'passthrough';

/** A pod of the backend, and its port (corner 27). */
export interface EntryTarget {
  readonly pod: Pod;
  readonly port: number;
  /** Whether some container declares the port: it need not (corner 30). */
  readonly declared: boolean;
}
