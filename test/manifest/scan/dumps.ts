import * as fc from 'fast-check';

/** A JSON value as it is written: objects as lists of members, so that their order and repetition are free. */
export type Written =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Written[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [key: string, value: Written])[] };

const scalar = (value: unknown): Written => ({ kind: 'scalar', text: JSON.stringify(value) });
const object = (members: readonly (readonly [string, Written])[]): Written => ({ kind: 'object', members });
const list = (items: readonly Written[]): Written => ({ kind: 'list', items });

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '"', '\\', '\\"', '{"', '}]', '\n\t', '\u0000', 'größer', '😀', '\ud800', '__proto__'),
);
/**
 * Keys of members, but for those of one character that has to be escaped: V8 13.6 (Node 24) takes one for another, and
 * what it says of them is no measure (`parseJson`).
 */
const anyKey = anyText.filter((key) => key.length !== 1 || (key >= ' ' && key !== '"' && key !== '\\'));
const smallNumber = fc.oneof(fc.integer(), fc.constantFrom(-1.5, 1e21, 1e-7, 80, 443, 0));

/** Anything that JSON can say, at any place. */
const anything: fc.Arbitrary<Written> = fc.letrec<{ value: Written }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(anyText.map(scalar), smallNumber.map(scalar), fc.constantFrom(true, false, null).map(scalar)),
    fc.array(tie('value'), { maxLength: 4 }).map(list),
    fc
      .uniqueArray(fc.tuple(fc.oneof(anyKey, fc.constantFrom('items', 'kind', 'name')), tie('value')), {
        maxLength: 4,
        selector: ([key]) => key,
      })
      .map(object),
  ),
})).value;

const names = fc.constantFrom('web', 'db', 'api-7', 'x', 'Bad_Name', '', 'größer');
const namespaces = fc.constantFrom('shop', 'ops', 'default', 'BAD');
const text = (values: fc.Arbitrary<string>): fc.Arbitrary<Written> => values.map(scalar);

/** Mostly a good value, at times whatever. */
const mostly = (good: fc.Arbitrary<Written>): fc.Arbitrary<Written> =>
  fc.oneof({ weight: 30, arbitrary: good }, { weight: 1, arbitrary: anything });

/** Some of the members, in any order, with members that nobody reads between them. */
const some = (members: Readonly<Record<string, fc.Arbitrary<Written>>>, noise = 2): fc.Arbitrary<Written> =>
  fc
    .tuple(
      fc.tuple(
        ...Object.entries(members).map(([key, value]) =>
          fc.option(mostly(value), { freq: 6, nil: undefined }).map((each) => [key, each] as const),
        ),
      ),
      fc.uniqueArray(
        fc.tuple(
          anyKey.filter((key) => !Object.hasOwn(members, key) && key !== 'items' && key !== '__proto__'),
          anything,
        ),
        { maxLength: noise, selector: ([key]) => key },
      ),
      fc.boolean(),
      fc.infiniteStream(fc.nat(1000)),
    )
    .map(([known, unknown, isShuffled, order]) => {
      const all: (readonly [string, Written])[] = [];
      for (const [key, value] of known) if (value !== undefined) all.push([key, value]);
      all.push(...unknown);
      if (!isShuffled) return object(all);
      const ranked = all.map((member) => ({ member, rank: order.next().value }));
      return object(ranked.sort((a, b) => a.rank - b.rank).map(({ member }) => member));
    });

const labels = fc
  .dictionary(
    fc.constantFrom('app', 'tier', 'bad key', 'example.com/x'),
    fc.constantFrom('web', 'db', '', 'no way'),
    {
      maxKeys: 3,
    },
  )
  .map((values) => object(Object.entries(values).map(([key, value]) => [key, scalar(value)] as const)));
const ports = fc
  .array(
    some(
      {
        containerPort: fc.constantFrom(80, 443, 0, 99999).map(scalar),
        name: text(fc.constantFrom('http', 'https', 'NOT-good-')),
        protocol: text(fc.constantFrom('TCP', 'UDP', 'tcp')),
      },
      0,
    ),
    { maxLength: 3 },
  )
  .map(list);
const containers = fc
  .array(some({ ports, restartPolicy: text(fc.constantFrom('Always', 'Never')), image: text(anyText) }), {
    maxLength: 3,
  })
  .map(list);
const owners = fc
  .array(
    some(
      {
        apiVersion: text(fc.constantFrom('apps/v1', 'v1')),
        kind: text(fc.constantFrom('ReplicaSet', 'Node')),
        name: text(names),
        controller: fc.boolean().map(scalar),
      },
      0,
    ),
    { maxLength: 2 },
  )
  .map(list);
const metadata = some({
  name: text(names),
  namespace: text(namespaces),
  uid: text(fc.constantFrom('0-1-2', '')),
  labels,
  ownerReferences: owners,
});
const addresses = fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1', 'no address', '');
const podSpec = some({
  nodeName: text(fc.constantFrom('node-1', 'node-2')),
  hostNetwork: fc.boolean().map(scalar),
  containers,
  initContainers: containers,
});
const pod = some({
  apiVersion: text(fc.constantFrom('v1', 'v1', 'v1', 'v2')),
  kind: text(fc.constant('Pod')),
  metadata,
  spec: podSpec,
  status: some({
    phase: text(fc.constantFrom('Running', 'Failed', 'Succeeded')),
    podIP: text(addresses),
    podIPs: fc.array(some({ ip: text(addresses) }, 0), { maxLength: 3 }).map(list),
    hostIP: text(addresses),
    hostIPs: fc.array(some({ ip: text(addresses) }, 0), { maxLength: 2 }).map(list),
  }),
});
const selector = some({ matchLabels: labels }, 0);
const peers = fc
  .array(
    some(
      {
        podSelector: selector,
        namespaceSelector: selector,
        ipBlock: some({ cidr: text(fc.constantFrom('10.0.0.0/8', '10.0.0.1/33')) }, 0),
      },
      0,
    ),
    { maxLength: 2 },
  )
  .map(list);
const annotations = fc
  .dictionary(fc.constantFrom('a', 'example.com/b', 'bad key'), anyText, { maxKeys: 2 })
  .map((values) => object(Object.entries(values).map(([key, value]) => [key, scalar(value)] as const)));
const policy = some(
  {
    apiVersion: text(fc.constantFrom('networking.k8s.io/v1', 'extensions/v1beta1')),
    kind: text(fc.constant('NetworkPolicy')),
    metadata: some(
      {
        name: text(names),
        namespace: text(namespaces),
        uid: text(fc.constantFrom('0-1-2', '')),
        resourceVersion: text(fc.constantFrom('12', '')),
        creationTimestamp: text(fc.constantFrom('2026-01-02T03:04:05Z', 'soon')),
        generation: fc.constantFrom(1, -1).map(scalar),
        labels,
        annotations,
      },
      0,
    ),
    spec: some(
      {
        podSelector: selector,
        policyTypes: fc
          .constantFrom(['Ingress'], ['Egress'], ['ingress'])
          .map((each) => list(each.map(scalar))),
        ingress: fc.array(some({ from: peers }, 0), { maxLength: 2 }).map(list),
        egress: fc.array(some({ to: peers }, 0), { maxLength: 2 }).map(list),
      },
      0,
    ),
  },
  0,
);
const tierPolicy = some(
  {
    apiVersion: text(
      fc.constantFrom('policy.networking.k8s.io/v1alpha2', 'policy.networking.k8s.io/v1alpha1'),
    ),
    kind: text(fc.constantFrom('ClusterNetworkPolicy', 'AdminNetworkPolicy', 'BaselineAdminNetworkPolicy')),
    metadata: some(
      {
        name: text(fc.oneof(names, fc.constant('default'))),
        uid: text(fc.constantFrom('0-1-2', '')),
        generation: fc.constantFrom(1, -1).map(scalar),
        labels,
        annotations,
      },
      0,
    ),
    spec: some(
      {
        tier: text(fc.constantFrom('Admin', 'Baseline', 'admin')),
        priority: fc.constantFrom(0, 1000, 1001).map(scalar),
        subject: some({ namespaces: selector }, 0),
        ingress: fc
          .array(
            some(
              {
                name: text(fc.constantFrom('', 'rule')),
                action: text(fc.constantFrom('Accept', 'Allow', 'Deny', 'Pass')),
                from: fc.array(some({ namespaces: selector, pods: selector }, 0), { maxLength: 2 }).map(list),
              },
              0,
            ),
            { maxLength: 2 },
          )
          .map(list),
      },
      0,
    ),
    status: some({ conditions: fc.constant(list([])) }),
  },
  0,
);
const other = some({
  apiVersion: text(fc.constantFrom('v1', 'apps/v1', 'example.com/v1', 'discovery.k8s.io/v1', '')),
  kind: text(
    fc.constantFrom(
      'Namespace',
      'Node',
      'Service',
      'ConfigMap',
      'Deployment',
      'Rollout',
      'EndpointSlice',
      '',
    ),
  ),
  metadata,
  spec: some({
    selector: labels,
    replicas: fc.constantFrom(1, 2, -1).map(scalar),
    template: some({ metadata: some({ labels }), spec: podSpec }),
  }),
  status: some({
    addresses: fc
      .array(some({ type: text(fc.constant('InternalIP')), address: text(addresses) }, 0), { maxLength: 2 })
      .map(list),
  }),
});
/** What leads into the cluster, and what it refers to: kinds whose readers look at other members than those above. */
const entrance = some({
  apiVersion: text(fc.constantFrom('v1', 'networking.k8s.io/v1', 'discovery.k8s.io/v1')),
  kind: text(fc.constantFrom('Ingress', 'IngressClass', 'Secret', 'Service', 'EndpointSlice', 'Endpoints')),
  metadata: some({
    name: text(names),
    namespace: text(namespaces),
    labels,
    annotations: fc
      .constantFrom('kubernetes.io/ingress.class', 'ingressclass.kubernetes.io/is-default-class', 'a')
      .map((key) => object([[key, scalar('true')]])),
  }),
  type: text(fc.constantFrom('kubernetes.io/tls', 'Opaque')),
  data: some({ 'tls.crt': text(fc.constant('YQ==')), 'tls.key': text(fc.constantFrom('Yg==', '?')) }),
  stringData: some({ 'tls.crt': text(anyText), 'tls.key': text(anyText) }),
  addressType: text(fc.constantFrom('IPv4', 'FQDN')),
  ports,
  endpoints: fc
    .array(
      some({
        addresses: fc.array(text(addresses), { maxLength: 2 }).map(list),
        conditions: some({ ready: fc.boolean().map(scalar) }, 0),
        targetRef: some({ kind: text(fc.constant('Pod')), name: text(names) }, 0),
      }),
      { maxLength: 2 },
    )
    .map(list),
  subsets: fc
    .array(some({ addresses: fc.array(some({ ip: text(addresses) }), { maxLength: 2 }).map(list) }), {
      maxLength: 2,
    })
    .map(list),
  spec: some({
    ingressClassName: text(names),
    controller: text(fc.constantFrom('example.com/c', 'c')),
    type: text(fc.constantFrom('LoadBalancer', 'NodePort', 'x')),
    rules: fc.array(some({ host: text(names) }), { maxLength: 2 }).map(list),
  }),
  status: some({
    loadBalancer: some({
      ingress: fc.array(some({ ip: text(addresses) }, 0), { maxLength: 2 }).map(list),
    }),
  }),
});
const reference = some(
  {
    group: text(fc.constantFrom('', 'gateway.networking.k8s.io', 'BAD')),
    kind: text(fc.constantFrom('Service', 'Gateway', 'Secret')),
    namespace: text(namespaces),
    name: text(names),
    sectionName: text(names),
    port: fc.constantFrom(80, 443, 0).map(scalar),
    weight: fc.constantFrom(1, 0, -1).map(scalar),
  },
  1,
);
const references = fc.array(reference, { maxLength: 2 }).map(list);
const hosts = text(fc.constantFrom('example.com', '*.example.com', 'No Host'));
const matches = some(
  {
    path: some(
      {
        type: text(fc.constantFrom('PathPrefix', 'Exact', 'RegularExpression')),
        value: text(fc.constantFrom('/', '/a', 'a')),
      },
      0,
    ),
    method: fc.oneof(text(fc.constant('GET')), some({ service: text(names), method: text(names) }, 0)),
    headers: fc.array(some({ name: text(names), value: text(names) }, 0), { maxLength: 2 }).map(list),
  },
  0,
);
const filters = fc
  .array(
    some({
      type: text(fc.constantFrom('RequestMirror', 'RequestRedirect', 'URLRewrite')),
      requestMirror: some({ backendRef: reference }, 0),
      requestRedirect: some({ scheme: text(fc.constantFrom('https', 'ftp')), hostname: hosts }, 0),
    }),
    { maxLength: 2 },
  )
  .map(list);
const listeners = fc
  .array(
    some({
      name: text(names),
      port: fc.constantFrom(80, 443, 0).map(scalar),
      protocol: text(fc.constantFrom('HTTP', 'HTTPS', 'TLS', 'TCP')),
      hostname: hosts,
      tls: some({ mode: text(fc.constantFrom('Terminate', 'Passthrough')), certificateRefs: references }, 0),
      allowedRoutes: some(
        {
          namespaces: some({ from: text(fc.constantFrom('All', 'Same', 'Selector')), selector }, 0),
          kinds: fc.array(some({ kind: text(fc.constant('HTTPRoute')) }, 0), { maxLength: 1 }).map(list),
        },
        0,
      ),
    }),
    { maxLength: 2 },
  )
  .map(list);
/** The kinds of the Gateway API, and Routes of OpenShift. */
const gatewayOrRoute = some({
  apiVersion: text(
    fc.constantFrom(
      'gateway.networking.k8s.io/v1',
      'gateway.networking.k8s.io/v1beta1',
      'route.openshift.io/v1',
    ),
  ),
  kind: text(
    fc.constantFrom(
      'GatewayClass',
      'Gateway',
      'HTTPRoute',
      'GRPCRoute',
      'TLSRoute',
      'ReferenceGrant',
      'Route',
    ),
  ),
  metadata: some({ name: text(names), namespace: text(namespaces), labels }),
  spec: some({
    controllerName: text(fc.constantFrom('example.net/gateway', 'x')),
    gatewayClassName: text(names),
    listeners,
    parentRefs: references,
    hostnames: fc.array(hosts, { maxLength: 2 }).map(list),
    rules: fc
      .array(
        some({
          matches: fc.array(matches, { maxLength: 2 }).map(list),
          filters,
          backendRefs: references,
        }),
        { maxLength: 2 },
      )
      .map(list),
    from: references,
    to: fc.oneof(references, reference),
    host: hosts,
    path: text(fc.constantFrom('/', 'a')),
    port: some({ targetPort: fc.constantFrom('http', 8080).map(scalar) }, 0),
    alternateBackends: references,
    tls: some(
      {
        termination: text(fc.constantFrom('edge', 'reencrypt', 'x')),
        certificate: text(anyText),
        key: text(anyText),
      },
      0,
    ),
    wildcardPolicy: text(fc.constantFrom('None', 'Subdomain')),
  }),
  status: some({ ingress: references }),
});
const anyObject = fc.oneof(
  { weight: 6, arbitrary: pod },
  { weight: 4, arbitrary: policy },
  { weight: 2, arbitrary: tierPolicy },
  { weight: 3, arbitrary: other },
  { weight: 3, arbitrary: entrance },
  { weight: 3, arbitrary: gatewayOrRoute },
  { weight: 1, arbitrary: anything },
);
const listOf = (items: fc.Arbitrary<Written>): fc.Arbitrary<Written> =>
  some(
    {
      apiVersion: text(fc.constantFrom('v1', 'networking.k8s.io/v1')),
      items: fc.array(items, { maxLength: 6 }).map(list),
      kind: text(fc.constantFrom('List', 'List', 'List', 'PodList', 'NetworkPolicyList', 'ConfigMap')),
      metadata: some({ resourceVersion: text(fc.constant('')) }),
    },
    1,
  );

/** Lists of objects of all sorts, good and bad, also lists in lists. */
export const lists: fc.Arbitrary<Written> = listOf(
  fc.oneof({ weight: 12, arbitrary: anyObject }, { weight: 1, arbitrary: listOf(anyObject) }),
);

/** Texts of JSON values, one or several after each other. */
export const texts: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(
      fc.oneof(
        lists,
        anyObject.filter(({ kind }) => kind !== 'scalar'),
      ),
      { minLength: 1, maxLength: 3 },
    ),
    fc.infiniteStream(fc.nat(999)),
  )
  .map(([values, chance]) => {
    const style = chance.next().value % 4;
    return values
      .map((value) => write(value, style, () => chance.next().value, 0))
      .join(style === 1 ? '' : '\n');
  });

/**
 * Texts of objects that are much alike, as those of a dump are: one object again and again, each time with some bytes of
 * it replaced, left out or written twice. Most of them are still JSON.
 */
export const alike: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: pod },
      { weight: 1, arbitrary: policy },
      { weight: 1, arbitrary: entrance },
    ),
    fc.integer({ min: 0, max: 2 }),
    fc.array(
      fc.array(
        fc.tuple(fc.nat(), fc.nat({ max: 60 }), fc.constantFrom('value', 'longer', 'cut', 'twice', 'put')),
        {
          maxLength: 3,
        },
      ),
      { minLength: 2, maxLength: 8 },
    ),
  )
  .map(([value, style, copies]) => {
    const text = write(value, style, () => 0, 0);
    return copies.map((changes) => changes.reduce(changed, text)).join('\n');
  });

function changed(text: string, [at, length, how]: readonly [number, number, string]): string {
  const from = at % (text.length + 1);
  switch (how) {
    case 'value': {
      // A text that is a value becomes another one, mostly of another length.
      const [head] = /: ?"/.exec(text.slice(from)) ?? [];
      if (head === undefined) return text;
      const start = text.indexOf(head, from) + head.length;
      const end = text.indexOf('"', start);
      return end < 0 ? text : text.slice(0, start) + 'x'.repeat(length) + text.slice(end);
    }
    case 'longer': {
      // As `true` and `80` do not say themselves where they end.
      const [word] = /: ?(?:true|false|null|\d+)/.exec(text.slice(from)) ?? [];
      const end = word === undefined ? from : text.indexOf(word, from) + word.length;
      return `${text.slice(0, end)}${'01ex'.charAt(length % 4)}${text.slice(end)}`;
    }
    case 'cut':
      return text.slice(0, from) + text.slice(from + length);
    case 'twice':
      return text.slice(0, from + length) + text.slice(from);
    default:
      return `${text.slice(0, from)}${'"{}[],:\\ \n'.charAt(length % 10)}${text.slice(from)}`;
  }
}

/** Writes a value: on one line, without blanks, as kubectl does, or with blanks and escapes wherever they may be. */
export function write(value: Written, style: number, chance: () => number, depth: number): string {
  const blank = (): string =>
    style < 3 ? '' : (['', '', ' ', '\n', '\t \r\n', '     \n    '][chance() % 6] ?? '');
  const line = (deeper: number): string => (style === 2 ? `\n${'    '.repeat(depth + deeper)}` : blank());
  switch (value.kind) {
    case 'scalar':
      return style === 3 ? escaped(value.text, chance) : value.text;
    case 'list':
      if (value.items.length === 0) return `[${blank()}]`;
      return `[${value.items
        .map((item) => line(1) + write(item, style, chance, depth + 1) + blank())
        .join(',')}${line(0)}]`;
    case 'object':
      if (value.members.length === 0) return `{${blank()}}`;
      return `{${value.members
        .map(([key, item]) => {
          const name = JSON.stringify(key);
          const written = style === 3 && chance() % 20 === 0 ? escaped(name, chance) : name;
          return `${line(1)}${written}${blank()}:${style === 1 ? '' : ' '}${write(item, style, chance, depth + 1)}${blank()}`;
        })
        .join(',')}${line(0)}}`;
  }
}

/** Some of the letters of a string as escapes. */
function escaped(json: string, chance: () => number): string {
  if (!json.startsWith('"') || json.includes('\\') || chance() % 4 > 0) return json;
  return json.replaceAll(/[a-z/ö]/g, (letter) =>
    chance() % 5 > 0 ? letter : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
