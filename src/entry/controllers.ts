import type { Cluster, Gateway, Ingress, Pod } from '../model/index.ts';
import { families, wholeFamily } from '../net/index.ts';
import type { EntryFindings, Subject } from './findings.ts';
import { knownControllers, publishedRanges } from './known-controllers.ts';
import type { KnownController } from './known-controllers.ts';
import type { PodIndex } from './pod-index.ts';
import type { EntrySource } from './types.ts';

/** A controller that the caller names: its pods, and how answers speak of it. */
export interface NamedController {
  readonly name: string;
  readonly pods: readonly Pod[];
}

/** Every label that implementations of the Gateway API put on the pods of one Gateway. */
const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name';
const owningGateway = [
  ['gateway.envoyproxy.io/owning-gateway-name', 'gateway.envoyproxy.io/owning-gateway-namespace'],
  ['projectcontour.io/owning-gateway-name', 'projectcontour.io/owning-gateway-namespace'],
] as const;

const openShiftRouter = 'OpenShift router';

/** Finds who serves an entrance: named by the caller, labelled as its own, of its class, else nobody that is known. */
export class Controllers {
  readonly #cluster: Cluster;
  readonly #pods: PodIndex;
  readonly #findings: EntryFindings;
  readonly #named: EntrySource | undefined;
  readonly #podsOf = new Map<KnownController, readonly Pod[]>();
  readonly #told = new Set<string>();

  constructor(cluster: Cluster, pods: PodIndex, findings: EntryFindings, named: readonly NamedController[]) {
    this.#cluster = cluster;
    this.#pods = pods;
    this.#findings = findings;
    this.#named =
      named.length === 0
        ? undefined
        : {
            kind: 'controller',
            found: 'flag',
            name: named.map(({ name }) => name).join(' and '),
            pods: [...new Set(named.flatMap(({ pods }) => pods))],
          };
  }

  ofIngress(ingress: Ingress): EntrySource {
    const { ingressClasses } = this.#cluster.entrances;
    const byDefault = ingressClasses.find(({ isDefault }) => isDefault);
    const className = ingress.className ?? ingress.annotatedClass ?? byDefault?.name;
    if (className === undefined) {
      if (this.#named !== undefined) return this.#named;
      this.#findings.warn(
        ingress,
        'class-missing',
        ['spec'],
        'This Ingress has no class, and none is the default: many controllers leave it alone',
        'write ingressClassName',
      );
      return this.#onlyOne() ?? this.#assumed(ingress, undefined);
    }
    const found = ingressClasses.find(({ name }) => name === className);
    if (found === undefined && ingressClasses.length > 0 && ingress.className !== undefined) {
      const names = ingressClasses.map(({ name }) => name).join(', ');
      this.#findings.warn(
        ingress,
        'class-unknown',
        ['spec', 'ingressClassName'],
        `There is no IngressClass ${className}, so no controller serves this Ingress`,
        `the input has ${names}`,
      );
    }
    return this.#ofClass(ingress, className, found?.controller);
  }

  ofGateway(gateway: Gateway): EntrySource {
    if (this.#named !== undefined) return this.#named;
    const { gatewayClasses } = this.#cluster.entrances;
    const found = gatewayClasses.find(({ name }) => name === gateway.className);
    if (found === undefined && gatewayClasses.length > 0) {
      const names = gatewayClasses.map(({ name }) => name).join(', ');
      this.#findings.warn(
        gateway,
        'class-unknown',
        ['spec', 'gatewayClassName'],
        `There is no GatewayClass ${gateway.className}, so no controller serves this Gateway`,
        `the input has ${names}`,
      );
    }
    const own = [
      ...this.#pods
        .labelled(gatewayNameLabel, gateway.name)
        .filter((pod) => pod.namespace === gateway.namespace),
      ...owningGateway.flatMap(([name, home]) =>
        this.#pods
          .labelled(name, gateway.name)
          .filter(({ labels }) => labels.get(home) === gateway.namespace),
      ),
    ];
    const known = this.#known(gateway.className, found?.controller);
    if (own.length > 0) {
      return {
        kind: 'controller',
        found: 'gateway',
        name: known[0]?.name ?? gateway.className,
        pods: [...new Set(own)],
      };
    }
    return this.#ofClass(gateway, gateway.className, found?.controller);
  }

  ofRoute(route: Subject): EntrySource {
    if (this.#named !== undefined) return this.#named;
    const router = knownControllers.find(({ name }) => name === openShiftRouter);
    const source = router === undefined ? undefined : this.#sourceOf([router], 'class');
    return source ?? this.#assumed(route, 'openshift-default');
  }

  #ofClass(subject: Subject, className: string, controller: string | undefined): EntrySource {
    if (this.#named !== undefined) return this.#named;
    return this.#sourceOf(this.#known(className, controller), 'class') ?? this.#assumed(subject, className);
  }

  /** The controllers that a class may mean: by its controller, or where that is not known, by its usual name. */
  #known(className: string, controller: string | undefined): readonly KnownController[] {
    return knownControllers.filter(({ controllers, classNames }) =>
      controller === undefined
        ? classNames.includes(className)
        : controllers.some((each) =>
            each.endsWith('*') ? controller.startsWith(each.slice(0, -1)) : each === controller,
          ),
    );
  }

  /** `undefined` when none of their pods is in the input. */
  #sourceOf(known: readonly KnownController[], found: 'class' | 'labels'): EntrySource | undefined {
    for (const controller of known) {
      if (controller.outside !== undefined) {
        const ranges = publishedRanges(controller.outside) ?? families.map(wholeFamily);
        // Where targets are instances, the balancer goes to a port of the nodes.
        return { kind: 'clients', ranges, orNodes: true };
      }
      const pods = this.#podsOfController(controller);
      if (pods.length > 0) return { kind: 'controller', found, name: controller.name, pods };
    }
    return undefined;
  }

  /** The controller of the input when it has just one: it may take what has no class. */
  #onlyOne(): EntrySource | undefined {
    // Labels such as app=envoy say little where no class asks for them.
    const present = knownControllers.filter(
      (each) =>
        this.#podsOfController(each).length > 0 &&
        each.pods.some((labels) => Object.keys(labels).some((key) => key.includes('/'))),
    );
    return present.length === 1 ? this.#sourceOf(present, 'labels') : undefined;
  }

  #podsOfController(controller: KnownController): readonly Pod[] {
    let pods = this.#podsOf.get(controller);
    if (pods === undefined) {
      const found = controller.pods.flatMap((set) => {
        const [[key, value] = ['', ''], ...others] = Object.entries(set);
        return this.#pods
          .labelled(key, value === '' ? undefined : value)
          .filter(({ labels }) => others.every(([each, wanted]) => labels.get(each) === wanted));
      });
      pods = [...new Set(found)];
      this.#podsOf.set(controller, pods);
    }
    return pods;
  }

  /** One note for each class: what is said of its entrances rests on an assumption. */
  #assumed(subject: Subject, className: string | undefined): EntrySource {
    const key = className ?? '';
    if (!this.#told.has(key)) {
      this.#told.add(key);
      const what = className === undefined ? 'no controller' : `no pod of a controller of class ${className}`;
      this.#findings.note(
        subject,
        'controller-assumed',
        ['spec'],
        `The input has ${what}: a pod that no policy knows, in a namespace of its own, stands for it`,
        'name it: --ingress-controller NAMESPACE/WORKLOAD',
      );
    }
    return { kind: 'assumed', className };
  }
}
