import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { golden } from './golden.ts';

const root = join(import.meta.dirname, '../..');
/** The command line as it is shipped: compiled, in a folder where its dependencies are found. */
const built = join(root, 'node_modules/.cache', `podwall-test-${process.pid}`);
const main = join(built, 'dist/cli/main.js');
let folder = '';

const workload = (name: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop}
spec: {selector: {matchLabels: {app: ${name}}}, template: {metadata: {labels: {app: ${name}}}, spec: {containers: [{name: c, image: i}]}}}
---
`;

const admitsWeb = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 5432}]
---
`;

const files: Readonly<Record<string, string>> = {
  // Its map is larger than what a pipe holds.
  'many.yaml': Array.from({ length: 300 }, (_, i) => workload(`w${i}`)).join(''),
  // Its pairs are more than a map lists.
  'too-many.yaml': Array.from({ length: 1450 }, (_, i) =>
    workload(`w${i}`).replace('namespace: shop', `namespace: n${i % 3}`),
  ).join(''),
  'end-port.yaml': `${workload('web')}${workload('db')}${admitsWeb.replace('port: 5432', 'port: 8000, endPort: 8010')}`,
  'idle.yaml': workload('cron')
    .replace('namespace: shop', 'namespace: idle')
    .replace('spec: {', 'spec: {replicas: 0, '),
  'shop/workloads.yaml': workload('web') + workload('db') + workload('ops'),
  'shop/policies.yaml': admitsWeb,
  'shop/more/extra.yaml': workload('extra'),
  // Two policies of one priority disagree about what ops may open to web.
  'equal.yaml': ['Accept', 'Deny']
    .map(
      (action) => `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: ${action.toLowerCase()}}
spec:
  tier: Admin
  priority: 1
  subject: {pods: {podSelector: {matchLabels: {app: web}}}}
  ingress: [{action: ${action}, from: [{pods: {podSelector: {matchLabels: {app: ops}}}}]}]
---
`,
    )
    .join(''),
  'workloads.yaml': workload('web') + workload('db') + workload('ops'),
  'policies.yaml': admitsWeb,
  'broken.yaml': `${workload('web')}${workload('db')}${admitsWeb}kind: [\n`,
  'notes.yaml': 'just: a note\n',
  'empty.yaml': '',
  'cilium.yaml': `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {endpointSelector: {matchLabels: {app: db}}}
`,
  // Which value the template's hash gets is for the API server to say (corner 23).
  'hash.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: hash, namespace: shop}
spec:
  podSelector: {matchLabels: {app: ops}}
  ingress:
    - from: [{podSelector: {matchLabels: {pod-template-hash: "12345"}}}]
---
`,
};

beforeAll(() => {
  mkdirSync(built, { recursive: true });
  execFileSync(
    join(root, 'node_modules/.bin/tsc'),
    ['-p', 'tsconfig.build.json', '--outDir', join(built, 'dist'), '--declaration', 'false'],
    { cwd: root },
  );
  copyFileSync(join(root, 'package.json'), join(built, 'package.json'));
  folder = mkdtempSync(join(tmpdir(), 'podwall-cli-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  mkdirSync(join(folder, 'nothing'));
  mkdirSync(join(folder, 'deep/inside'), { recursive: true });
  copyFileSync(join(folder, 'workloads.yaml'), join(folder, 'deep/inside/workloads.yaml'));
  symlinkSync(join(root, 'examples'), join(folder, 'examples'));
  symlinkSync(main, join(folder, 'kubectl-podwall'));
});
afterAll(() => {
  rmSync(built, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Setting {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly program?: string;
}

/** Runs a command line, parted at spaces; a word may be an array's element when it holds some. */
function podwall(
  line: string | readonly string[],
  { input = '', env = {}, program = main }: Setting = {},
): Ran {
  const args = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    encoding: 'utf8',
    input,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    maxBuffer: 2 ** 28,
  });
  return { code: status, out: stdout, err: stderr };
}

/** A JSON document's fields. */
function documentOf(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

describe('help', () => {
  test.each([
    ['podwall', ''],
    ['podwall', '--help'],
    ['podwall', 'help'],
    ['podwall-map', 'map --help'],
    ['podwall-map', 'help map'],
    ['podwall-explain', 'explain --help'],
    ['podwall-can', 'can -h'],
    ['podwall-exposure', 'exposure --help'],
    ['podwall-nft', 'nft --help'],
    ['podwall-lab', 'lab'],
    ['podwall-lab', 'lab --help'],
    ['podwall-lab-up', 'lab up --help'],
    ['podwall-lab-probe', 'lab probe --help'],
    ['podwall-lab-verify', 'lab verify --help'],
    ['podwall-lab-exec', 'lab exec --help'],
    ['podwall-profiles', 'profiles --help'],
    ['podwall-help', 'help help'],
    ['podwall-completion', 'help completion'],
  ])('%s: %s', (name, line) => {
    const { code, out, err } = podwall(line);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(golden(`${name}.txt`, out));
  });

  test('that of podwall fits on a terminal of 80 columns and 24 lines', () => {
    const lines = podwall('--help').out.trimEnd().split('\n');
    expect(lines.length).toBeLessThan(24);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('that of each command keeps to 80 columns', () => {
    const ofLab = ['up', 'apply', 'probe', 'verify', 'exec', 'status', 'down'].map((name) => `lab ${name}`);
    for (const command of [
      'map',
      'explain',
      'can',
      'exposure',
      'nft',
      'lab',
      ...ofLab,
      'profiles',
      'help',
      'completion',
    ]) {
      for (const line of podwall(`${command} --help`).out.split('\n'))
        expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  test('its examples work', () => {
    let tried = 0;
    for (const topic of ['', 'map', 'explain', 'can', 'exposure', 'nft', 'profiles', 'help']) {
      for (const line of podwall(`help ${topic}`).out.split('\n')) {
        const example = /^ {2}podwall ((?:map|explain|can|nft) .*examples.*|help [a-z-]+|profiles.*)$/.exec(
          line,
        )?.[1];
        if (example === undefined) continue;
        tried++;
        const { code, err } = podwall(example.replace(/ \|\| .*/, ''));
        expect([example, code, err.includes('error')]).toEqual([example, code === 1 ? 1 : 0, false]);
      }
    }
    expect(tried).toBeGreaterThanOrEqual(11);
  });

  test('speaks of kubectl podwall when it is called so', () => {
    const program = join(folder, 'kubectl-podwall');
    expect(podwall('--help', { program }).out).toContain('Usage: kubectl podwall COMMAND [flags]\n');
    expect(podwall('map --help', { program }).out).toContain(
      'Usage: kubectl podwall map [PATH...] [flags]\n',
    );
    expect(podwall('mpa', { program }).err).toContain('hint: kubectl podwall --help\n');
  });

  test('explains the code of a finding, and knows the nearest', () => {
    const { code, out } = podwall('help yaml-syntax');
    expect(code).toBe(0);
    expect(out).toMatch(/^yaml-syntax: The text is not valid YAML\.\n\nThe document cannot be read/);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    // A code of the files, too, not only of what is in them.
    expect(podwall('help not-utf8').out).toContain('not-utf8: ');
    expect(podwall('help yaml-sintax')).toEqual({
      code: 2,
      out: '',
      err: 'error: "yaml-sintax" is neither a command nor the code of an error, warning or note\ndid you mean yaml-syntax?\n',
    });
    expect(podwall('help expl').err).toContain('did you mean explain?');
    // The commands of lab, too.
    expect(podwall('help lab up').out).toBe(podwall('lab up --help').out);
    expect(podwall('help lab upp').err).toContain('"lab upp" is neither a command nor the code');
    expect(podwall('help map yaml-syntax').code).toBe(2);
  });

  test('says nothing of what does not work', () => {
    const texts = ['', 'map', 'explain', 'can', 'exposure', 'nft', 'profiles', 'help', 'completion'].map(
      (topic) => podwall(`help ${topic}`).out,
    );
    for (const later of [/\bdiff\b/, /\blint\b/, /\bagent\b/, /--helm/, /--context/]) {
      for (const text of texts) expect(text).not.toMatch(later);
    }
  });

  test('answers at once', () => {
    const once = (): number => {
      const before = performance.now();
      podwall('--help');
      return performance.now() - before;
    };
    once(); // fills the compile cache
    // The promise is 100 ms; a busy machine of the tests gets more, and the best of several tries counts.
    expect(Math.min(...Array.from({ length: 7 }, once))).toBeLessThan(250);
  });

  test('the version is that of the package', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    expect(podwall('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  test('an old Node is told so', () => {
    const old = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '22.11.0' } })`;
    const { status, stderr } = spawnSync(process.execPath, ['--import', old, main, '--help'], {
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toBe('podwall needs Node 22.12 or newer, and this is Node 22.11.0.\n');
  });
});

describe('wrong usage is exit code 2, and says what was meant', () => {
  test.each([
    ['map --frm x', 'error: unknown flag "--frm"\ndid you mean --from?\nhint: podwall map --help\n'],
    ['map --zzz', 'error: unknown flag "--zzz"\nhint: podwall map --help\n'],
    ['mpa', 'error: unknown command "mpa"\ndid you mean map?\nhint: podwall --help\n'],
    ['-n shop mpa', 'error: unknown command "mpa"\ndid you mean map?\nhint: podwall --help\n'],
    ['version', 'error: unknown command "version"\nhint: podwall --version\n'],
    [
      'shop/policies.yaml',
      'error: unknown command "shop/policies.yaml"\nhint: podwall map shop/policies.yaml\n',
    ],
    ['map -o', 'error: a value is missing: -o, --output FORMAT\nhint: podwall map --help\n'],
    [
      'map -o jsn',
      'error: "jsn" is no value of --output. Did you mean json? It is one of table, wide, matrix, json, yaml, csv, md, dot, mermaid, np-guard-txt, np-guard-json, np-guard-csv.\nhint: podwall map --help\n',
    ],
    [
      'explain a -o table',
      'error: "table" is no value of --output. It is one of text, json, yaml.\nhint: podwall explain --help\n',
    ],
    [
      'map x --compare-profiles upstream',
      'error: "upstream" is no value of --compare-profiles. It takes two different profiles, parted by a comma: upstream,cilium.\nhint: podwall map --help\n',
    ],
    [
      'map shop --compare-profiles upstream,cilium --profile calico',
      'error: --compare-profiles and --profile exclude each other\n',
    ],
    [
      'map shop --compare-profiles upstream,cilium -o dot',
      'error: --compare-profiles has no format dot\nhint: its formats are table and json\n',
    ],
    [
      'profiles clium',
      'error: there is no profile "clium"\ndid you mean cilium?\nhint: they are upstream, np-guard, calico, cilium, ovn-kubernetes, antrea, kube-network-policies, aws-vpc-cni, kube-router\n',
    ],
    [
      'map --profile upsteam x',
      'error: "upsteam" is no value of --profile. Did you mean upstream? It is one of upstream, np-guard, calico, cilium, ovn-kubernetes, antrea, kube-network-policies, aws-vpc-cni, kube-router.\nhint: podwall map --help\n',
    ],
    [
      'map --level label',
      'error: "label" is no value of --level. It needs the key of the label: label=app.\nhint: podwall map --help\n',
    ],
    [
      'map --level workloads',
      'error: "workloads" is no value of --level. Did you mean workload? It is one of pod, workload, namespace, label=KEY.\nhint: podwall map --help\n',
    ],
    [
      'map --kubernetes-version 34',
      'error: "34" is no value of --kubernetes-version. Write it as 1.34 or v1.34.4.\nhint: podwall map --help\n',
    ],
    [
      'map --direction in',
      'error: "in" is no value of --direction. It is one of ingress, egress.\nhint: podwall map --help\n',
    ],
    [
      'map --color=yes',
      'error: "yes" is no value of --color. It is one of auto, always, never.\nhint: podwall map --help\n',
    ],
    ['can', 'error: FROM is missing\nhint: podwall can FROM TO PORT [flags]\n'],
    ['can a b', 'error: PORT is missing\nhint: for the ports that are open: podwall explain a b\n'],
    ['explain', 'error: FROM is missing\nhint: podwall explain FROM [TO[:PORT]] [PORT] [flags]\n'],
    [
      'explain a b c d',
      'error: too many operands: a, b, c, d.\nhint: podwall explain FROM [TO[:PORT]] [PORT] [flags]\n',
    ],
    ['explain a b:1 2', 'error: the port is named twice: b:1 and 2\n'],
    [
      'explain a:1 b',
      'error: "a:1" has a port, and FROM is where connections start\nhint: the port is that of TO: podwall explain FROM TO:PORT\n',
    ],
    ['explain a b 70000', 'error: "70000" is no port: 70000 is not between 1 and 65535\n'],
    [
      'completion bsh',
      'error: "bsh" is no operand. Did you mean bash? It is one of bash, zsh, fish.\nhint: podwall completion --help\n',
    ],
    ['map shop -n shpo', 'error: the input has no namespace "shpo"\ndid you mean shop?\n'],
    ['map shop --from shop/wbe', 'error: the input has nothing called "shop/wbe"\ndid you mean shop/web?\n'],
    ['map shop --to shop/db:5432', 'error: --to takes no port\nhint: write --to shop/db --port 5432\n'],
    [
      'map shop --port htp! ',
      'error: "htp!" is no port\nhint: write 5432, udp/53, sctp/9000, 8000-8080, a name such as http, or several by comma\n',
    ],
    [
      'map shop --count -o csv',
      'error: --count has no format csv\nhint: its formats are table, json and yaml\n',
    ],
    [
      'map shop --count -n shop',
      'error: --count counts the pods of the whole input, so --namespace has no meaning with it\n',
    ],
    [
      'map shop --count --level pod',
      'error: --count counts the pods of the whole input, so --level has no meaning with it\n',
    ],
    [
      'can shop/web shop/db 1 -f nope.yaml',
      'error: no such file or folder: nope.yaml\nhint: check the path; - reads standard input\n',
    ],
    [
      'can shop/web shop/db 1',
      'error: no input: name files or folders with -f, or - for standard input\nhint: kubectl get pods,ns,netpol -A -o json | podwall can shop/web shop/db 1 -f -\n',
    ],
    [
      'map',
      'error: no input: name files or folders with -f, or - for standard input\nhint: kubectl get pods,ns,netpol -A -o json | podwall map -\n',
    ],
  ])('%s', (line, err) => {
    expect(podwall(line)).toEqual({ code: 2, out: '', err });
  });

  test('a selector that cannot be read', () => {
    expect(podwall(['map', 'shop', '-l', 'app in web'])).toEqual({
      code: 2,
      out: '',
      err: 'error: "app in web" in the selector "app in web" cannot be read\nhint: selectors read as in kubectl: app=web,tier in (a,b),env!=prod,!canary\n',
    });
  });

  test.each(['nothing', 'notes.yaml', 'empty.yaml', 'deep'])('input without objects: %s', (path) => {
    for (const format of ['table', 'json']) {
      const { code, out, err } = podwall(`map ${path} -o ${format}`);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain(
        `error: no Kubernetes object in ${path}\nhint: kubectl get pods,ns,netpol -A -o json | podwall map -\n`,
      );
    }
    expect(podwall('map -').err).toContain('error: no Kubernetes object in standard input\n');
  });
});

describe('input', () => {
  const expected = (): string => podwall('map workloads.yaml policies.yaml -o csv -q').out;

  test('comes from operands, from -f, from folders, and from standard input', () => {
    expect(expected()).toContain('shop/Deployment/web,shop/Deployment/db,TCP 5432');
    expect(podwall('map -f workloads.yaml -f policies.yaml -o csv -q').out).toBe(expected());
    expect(podwall('map -f workloads.yaml policies.yaml -o csv -q').out).toBe(expected());
    expect(podwall('map --filename=workloads.yaml policies.yaml -o csv -q').out).toBe(expected());
    expect(podwall('map shop -o csv -q').out).toBe(expected());
    const text = `${files['workloads.yaml']}${files['policies.yaml']}`;
    expect(podwall('map - -o csv -q', { input: text }).out).toBe(expected());
    expect(podwall('map -f - -o csv -q', { input: text }).out).toBe(expected());
    expect(podwall('map policies.yaml - -o csv -q', { input: files['workloads.yaml'] ?? '' }).out).toBe(
      expected(),
    );
    expect(podwall('can shop/web shop/db 5432 -f -', { input: text }).code).toBe(0);
  });

  test('is told what is wrong with the entrance that it asks about', () => {
    const service =
      'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\n';
    const ingress = (name: string): string =>
      `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: ${name}, namespace: shop}\nspec: {ingressClassName: nginx, defaultBackend: {service: {name: web, port: {name: ${name}}}}}\n---\n`;
    const input = workload('web') + service + ingress('one') + ingress('two');
    for (const command of ['can ingress/shop/one shop/web:80 -f -', 'explain ingress/shop/one -f -']) {
      const { err, code } = podwall(command, { input });
      expect([code, err]).toEqual([
        1,
        expect.stringContaining('The Service shop/web has no port called one'),
      ]);
      expect(err).not.toContain('called two');
    }
    const gateway =
      'apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec: {gatewayClassName: c, listeners: [{name: l, port: 80, protocol: HTTP}]}\n---\n';
    const route = (name: string, parent: string): string =>
      `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: ${name}, namespace: shop}\nspec: {parentRefs: [{name: ${parent}, sectionName: ${name}}], rules: [{backendRefs: [{name: web, port: 80}]}]}\n---\n`;
    const { err } = podwall('explain gateway/shop/edge -f -', {
      input:
        workload('web') +
        service +
        gateway +
        route('l', 'edge') +
        route('untaken', 'edge') +
        route('other', 'another'),
    });
    expect(err).toContain('The Gateway shop/edge has no listener called untaken');
    const alias =
      'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {type: ExternalName, externalName: example.com}\n---\n';
    const followed = podwall('explain ingress/shop/one -f -', {
      input: workload('web') + alias + ingress('one'),
    });
    expect(followed.err).toContain('The Service shop/web is a name in DNS: where it leads');
    expect(err).not.toContain('another');
  });

  test('of what was left out, its errors are told when it is asked about', () => {
    const broken = `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: one, namespace: shop}\nspec: {}\n---\n${workload('bad').replace('labels: {app: bad}}, spec', 'labels: {app: "b ad"}}, spec')}`;
    const input = workload('web') + broken;
    for (const [command, code] of [
      ['can ingress/shop/one shop/web:80 -f - -q', 'ingress-empty'],
      ['map - --from ingress/shop/one', 'ingress-empty'],
      ['can shop/bad shop/web:80 -f -', 'label-value-invalid'],
      ['exposure shop/deploy/bad -f -', 'label-value-invalid'],
    ] as const) {
      const { err, code: exit } = podwall(command, { input });
      expect([command, exit, err]).toEqual([
        command,
        2,
        expect.stringMatching(
          new RegExp(
            `^<stdin>:.* error ${code}\n[^]*\n\nerror: the input has no[^]*\nhint: it was left out for its errors, see above\n$`,
          ),
        ),
      ]);
      expect(err.match(/ error /g)).toHaveLength(1);
    }
    expect(podwall('can shop/other shop/web:80 -f -', { input }).err).not.toContain('left out');
  });

  test('exposure of a file beside -f says that operands are workloads', () => {
    expect(podwall('exposure policies.yaml -f shop')).toMatchObject({
      code: 2,
      err: 'error: the input has nothing called "policies.yaml" in namespace default\nhint: beside -f, operands are workloads; to read it too: -f policies.yaml\n',
    });
  });

  test('-R descends into folders', () => {
    expect(podwall('map shop -o csv -q').out).not.toContain('extra');
    expect(podwall('map shop -R -o csv -q').out).toContain('shop/Deployment/extra');
    expect(podwall('map deep --recursive -q').code).toBe(0);
  });

  test('flags may stand in front of the command, as in kubectl', () => {
    expect(podwall('-n shop -f shop map -o csv -q').out).toBe(podwall('map -n shop -f shop -o csv -q').out);
    expect(podwall('--namespace=shop -f shop can web db 5432').code).toBe(0);
  });

  test('what cannot be read makes the answer incomplete, and the rest is answered', () => {
    const { code, out, err } = podwall('map broken.yaml');
    expect(code).toBe(3);
    expect(out).toContain('TCP 5432');
    expect(err).toMatch(/^broken\.yaml:\d+:\d+ error yaml-syntax\n/);
    expect(err).toMatch(/\n\nIncomplete: 1 error in the input, see above\. Exit code 3\.\n$/);
    expect(err).toContain('│ kind: [');

    const unnamed = '---\napiVersion: v1\nkind: Pod\nmetadata: { name: 3 }\n';
    expect(podwall('map -', { input: unnamed.repeat(1001) }).err).toContain('Incomplete: 1,001 errors in');

    expect(podwall('map broken.yaml --allow-incomplete').code).toBe(0);
    expect(podwall('map broken.yaml --allow-incomplete').err).toContain('--allow-incomplete was given.');
    expect(podwall('can shop/web shop/db 5432 -f broken.yaml').code).toBe(3);
    expect(podwall('can shop/web shop/db 80 -f broken.yaml').code).toBe(3);
    expect(podwall('can shop/web shop/db 5432 -f broken.yaml --allow-incomplete').code).toBe(0);
    expect(podwall('can shop/web shop/db 80 -f broken.yaml --allow-incomplete').code).toBe(1);
    // 2 goes before 3.
    expect(podwall('can shop/web shop/nope 80 -f broken.yaml').code).toBe(2);
  });

  test('an exposure that leaves cluster-wide policies out says so on standard error', () => {
    const cut = (i: number): string => `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: p${i} }
spec:
  tier: Admin
  priority: ${i}
  subject: { namespaces: {} }
  ingress:
    - action: Deny
      from: [{ pods: { namespaceSelector: {}, podSelector: { matchLabels: { a${i}: x, b${i}: x, c${i}: x } } } }]
`;
    const input = `apiVersion: v1\nkind: Pod\nmetadata: { name: web, namespace: a }\n${Array.from({ length: 24 }, (_, i) => cut(i)).join('')}`;
    const { code, err } = podwall('exposure - -q', { input });
    expect(code).toBe(3);
    expect(err).toMatch(
      /\nIncomplete: some of what cluster-wide policies say was left out .*\. Exit code 3\.\n$/,
    );
    expect(podwall('exposure - -q --allow-incomplete', { input })).toMatchObject({ code: 0, err: '' });
  });

  test('an exposure asks of the entrances of the controller that is named', () => {
    const input = `apiVersion: v1\nkind: Pod\nmetadata: { name: web, namespace: a }\n`;
    const { code, err } = podwall('exposure - --ingress-controller a/front', { input });
    expect(code).toBe(2);
    expect(err).toContain('a/front');
  });

  test('findings stand in documents, not on standard error', () => {
    const { code, out, err } = podwall('map broken.yaml -o json');
    expect({ code, err }).toEqual({ code: 3, err: '' });
    expect(documentOf(out)['diagnostics']).toEqual([
      expect.objectContaining({ code: 'yaml-syntax', severity: 'error', file: 'broken.yaml' }),
    ]);
    const explained = podwall('explain shop/web shop/db:5432 -f broken.yaml -o json');
    expect(explained.err).toBe('');
    expect(documentOf(explained.out)).toMatchObject({
      kind: 'Explanation',
      verdict: 'allowed',
      diagnostics: [{ code: 'yaml-syntax' }],
    });
    const counted = podwall('map --count broken.yaml -o json');
    expect(counted.err).toBe('');
    expect(documentOf(counted.out)).toMatchObject({
      kind: 'ConnectivityCount',
      pods: 2,
      diagnostics: [{ code: 'yaml-syntax' }],
    });
    expect(podwall('map broken.yaml -o yaml').err).toBe('');
  });

  test('-q leaves out warnings and notes, never errors', () => {
    const twice = 'map workloads.yaml workloads.yaml policies.yaml shop/workloads.yaml';
    expect(podwall(twice).err).toContain(' warning ');
    expect(podwall(`${twice} -q`).err).toBe('');
    expect(podwall('map broken.yaml -q').err).toContain(' error yaml-syntax\n');
  });
});

describe('answers', () => {
  test('can says yes or no, also as the exit code', () => {
    const yes = podwall('can shop/web shop/db 5432 -f shop');
    expect(yes).toEqual({
      code: 0,
      out: 'yes  shop/web → shop/db TCP 5432   (db, shop/policies.yaml:7)\n',
      err: '',
    });
    const no = podwall('can shop/ops shop/db 5432 -f shop');
    expect(no.code).toBe(1);
    expect(no.out).toMatch(/^no /);
    expect(podwall('can shop/web shop/db 80 -f shop').code).toBe(1);
    expect(podwall('can shop/web shop/db:5432 -f shop').code).toBe(0);
    expect(podwall('can web db 5432 -n shop -f shop').code).toBe(0);
    expect(podwall('can shop/* shop/db 5432 -f shop').out).toMatch(/^partly /);
    expect(podwall('can shop/* shop/db 5432 -f shop').code).toBe(1);
    expect(podwall('can shop/web shop/db 5432,5433 -f shop').code).toBe(1);
    expect(podwall('can internet shop/db 5432 -f shop').code).toBe(1);
    expect(podwall('can shop/web internet udp/53 -f shop').code).toBe(0);
    const document = documentOf(podwall('can shop/web shop/db 5432 -f shop -o json').out);
    expect(document).toMatchObject({
      kind: 'Explanation',
      verdict: 'allowed',
      from: 'shop/web',
      to: 'shop/db',
    });
    expect(document).not.toHaveProperty('egress');
  });

  test('can says why it is no where no policy decided', () => {
    const unnamed = podwall('can shop/web shop/ops https -f shop');
    expect(unnamed.out).toMatch(/^no {3}shop\/web → shop\/ops https {3}\(.*declares no port.*\)\n$/);
  });

  test('explain exits like can, and shows the way', () => {
    const no = podwall('explain shop/ops shop/db:5432 -f shop');
    expect(no.code).toBe(1);
    expect(no.out).toContain('✗ shop/ops cannot reach shop/db on TCP 5432');
    expect(no.out).toContain('ops has app=ops');
    expect(podwall('explain shop/web shop/db 5432 -f shop').code).toBe(0);
    expect(podwall('explain shop/web shop/db -f shop').code).toBe(0);
    expect(podwall('explain shop/ops shop/db -f shop').code).toBe(1);
    const one = podwall('explain shop/db -f shop');
    expect(one.code).toBe(0);
    expect(one.out).toContain('ingress of shop/db');
    expect(documentOf(podwall('explain shop/ops shop/db:5432 -f shop -o json').out)).toMatchObject({
      verdict: 'denied',
      ingress: { isolated: true },
    });
  });

  test('objects that are not modelled make can and explain incomplete where they matter, and map not', () => {
    const input = '-f shop -f cilium.yaml';
    for (const flags of ['', '-q']) {
      const uncertain = podwall(`can shop/web shop/db 5432 ${input} ${flags}`);
      expect(uncertain.code).toBe(3);
      expect(uncertain.out).toMatch(/^yes .*\n$/);
      expect(uncertain.err).toBe(
        '1 CiliumNetworkPolicy is not modelled (cilium.yaml:1): it may open or close connections of shop/db.\n',
      );
    }
    expect(podwall(`can shop/web shop/db 5432 ${input} -o json`).err).toBe('');
    expect(podwall(`can shop/web shop/ops 5432 ${input}`).err).toBe('');
    expect(podwall(`explain shop/web shop/db:5432 ${input}`).code).toBe(3);
    expect(podwall(`explain shop/db ${input}`).code).toBe(3);
    expect(podwall(`can shop/web shop/ops 5432 ${input}`).code).toBe(0);
    expect(podwall(`can shop/web shop/db 5432 ${input} --allow-incomplete`).code).toBe(0);
    expect(podwall(`can shop/web shop/db 80 ${input} --allow-incomplete`).code).toBe(1);
    const map = podwall(`map ${input}`);
    expect(map.code).toBe(0);
    expect(map.out).toContain('Cilium');
  });

  test('labels that files cannot tell make the answer incomplete (corner 23)', () => {
    const asked = podwall('can shop/web shop/ops 80 -f shop -f hash.yaml');
    expect(asked.code).toBe(3);
    expect(podwall('can shop/web shop/ops 80 -f shop -f hash.yaml --allow-incomplete').code).toBe(1);
    expect(podwall('can shop/web shop/db 5432 -f shop -f hash.yaml').code).toBe(0);
  });

  test('map narrows by every flag', () => {
    const rows = (flags: string): string[] =>
      podwall(`map shop -q --no-headers -o csv ${flags}`)
        .out.split('\n')
        .filter((row) => row !== '')
        .map((row) => row.replaceAll('shop/Deployment/', '').split(',').slice(0, 2).join('>'));
    expect(rows('--from shop/web --to shop/db')).toEqual(['web>db']);
    expect(rows('--from shop/web --to shop/db --to shop/ops')).toEqual(['web>db', 'web>ops']);
    expect(rows('--from app=web --to app=db')).toEqual(['web>db']);
    expect(rows('--to shop/db')).toEqual(['web>db']);
    expect(rows('--peer shop/db --direction ingress')).toEqual(['web>db']);
    expect(rows('--peer shop/db --direction egress')).toEqual(['db>internet', 'db>ops', 'db>web']);
    expect(rows('-l app=db --direction ingress')).toEqual(['web>db']);
    expect(rows('--to shop/db --port 5432')).toEqual(['web>db']);
    expect(rows('--to shop/db --port 80')).toEqual([]);
    expect(rows('--to shop/db --port 80 --port 5432')).toEqual(['web>db']);
    expect(rows('-n shop')).toEqual(rows('-A'));
    expect(rows('-n default -A')).toEqual(rows(''));
  });

  test('a focused map speaks of its focus alone', () => {
    const matrix = podwall('map shop -o matrix --from shop/web').out;
    expect(matrix).toMatch(/^web +\./m);
    expect(matrix).not.toMatch(/^(?:db|ops) /m);
    const inbound = podwall('map shop --from internet').out;
    expect(inbound).toContain('Open by default, nothing isolates it: ingress of ');
    expect(inbound).not.toContain('egress');
    expect(inbound).not.toContain('polic');
    expect(podwall('map shop --to internet').out).not.toMatch(/From outside|ingress/);
    expect(podwall('map examples/three-tier --from internet').out).toMatch(
      /^The policies close every connection that was asked for\.\n/,
    );
    const around = podwall('map examples/bank -n ingress-nginx').out;
    expect(around).toContain('Closed: 1 of the 6 pairs of workloads that were asked about.');
    expect(around).not.toMatch(/From outside: bank/);
    const cells = podwall('map examples/bank -o matrix -n ingress-nginx').out;
    expect(cells).toContain('Blank: nothing was asked about the pair.');
    expect(cells).toMatch(/^bank\/bankapp +\.$/m);
  });

  test.each([
    ['-l app=nobody', '--selector app=nobody matches no pod of the input.'],
    ['--port metrics', '--port metrics: no pod of the input declares a port of that name.'],
    ['--to idle/cron', '--to idle/cron has no pods.'],
    ['-n idle', '--namespace idle has no pods.'],
    ['--to shop/db --port 1', 'No connection may use the ports that were asked for.'],
  ])('an empty answer says why: map %s', (flags, why) => {
    const { code, out } = podwall(`map shop idle.yaml ${flags}`);
    expect(code).toBe(0);
    expect(out).toContain(why);
  });

  test('a map of too many workloads is told in lines that stand for many, and refused where each would be drawn', () => {
    const told = podwall('map too-many.yaml');
    expect([told.code, told.err]).toEqual([0, '']);
    expect(told.out).toMatch(/^everyone → everyone +all/m);
    const refused = podwall('map too-many.yaml -o md');
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/2,000,000 connections\nhint: .*--level namespace/);
  });

  test('map has every format and level', () => {
    for (const format of ['table', 'wide', 'matrix', 'json', 'yaml', 'csv', 'md', 'dot', 'mermaid']) {
      const { code, out, err } = podwall(`map shop -o ${format}`);
      expect([format, code, err]).toEqual([format, 0, '']);
      expect(out.length).toBeGreaterThan(20);
    }
    const level = (name: string): unknown =>
      documentOf(podwall(`map shop -o json --level ${name}`).out)['level'];
    for (const name of ['pod', 'workload', 'namespace', 'label=app']) expect(level(name)).toBe(name);
    expect(podwall('map shop --count').out).toMatch(/^3 pods, 6 ordered pairs: 5 allowed/);
    expect(documentOf(podwall('map shop -o json --explain').out)).toMatchObject({
      connections: expect.arrayContaining([
        expect.objectContaining({ because: expect.anything() as unknown }),
      ]) as unknown,
    });
    expect(podwall('map shop --no-headers').out).not.toContain('FROM');
    expect(documentOf(podwall('map shop -o json --profile np-guard').out)['profile']).toBe('np-guard');
  });

  test('profiles are compared, with exit code 1 where they differ', () => {
    const { code, out } = podwall('map end-port.yaml --compare-profiles upstream,cilium');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'upstream and cilium answer no connection differently.\n',
    });
    const shop = podwall(
      'map examples/shop --compare-profiles upstream,kube-network-policies --from monitoring/prometheus --to shop/catalog-db',
    );
    expect(shop.code).toBe(1);
    expect(shop.out).toContain('monitoring/prometheus → shop/catalog-db  TCP 9187  none');
    const json = podwall('map end-port.yaml --compare-profiles upstream,antrea -o json');
    expect([json.code, json.err]).toEqual([3, '']);
    expect(documentOf(json.out)).toMatchObject({
      kind: 'ProfileComparison',
      profiles: ['upstream', 'antrea'],
      differences: [],
      diagnostics: [{ code: 'profile-unknown', severity: 'error', line: 18 }],
    });
  });

  test('what a profile does not know makes an answer incomplete where it decides', () => {
    expect(podwall('map end-port.yaml --profile calico').code).toBe(0);
    const { code, err } = podwall('map end-port.yaml --profile antrea');
    expect(code).toBe(3);
    expect(err).toContain('profile antrea: endPort is not known, and the answer depends on it');
    expect(podwall('map end-port.yaml --profile antrea --count').code).toBe(3);
    expect(podwall('map end-port.yaml --profile antrea --allow-incomplete').code).toBe(0);
    expect(podwall('map end-port.yaml --profile antrea --port 8000').code).toBe(0);
    expect(podwall('can shop/web shop/db 8005 -f end-port.yaml --profile antrea')).toMatchObject({
      code: 3,
      out: 'unknown  shop/web → shop/db TCP 8005   (endPort)\n',
    });
    expect(podwall('can shop/web shop/db 8000 -f end-port.yaml --profile antrea').code).toBe(0);
  });

  test('lists as netpol-analyzer writes them, of workloads alone', () => {
    expect(podwall('map shop -o np-guard-csv --to shop/db --from shop/web').out).toBe(
      'src,dst,conn\nshop/web[Deployment],shop/db[Deployment],TCP 5432\n',
    );
    expect(podwall('map shop -o np-guard-txt --level pod').err).toContain(
      '--level pod has no meaning with it',
    );
    expect(podwall('map shop -o np-guard-txt').err).toBe('');
    const equal = podwall('map shop equal.yaml -o np-guard-txt');
    expect(equal.out).not.toContain('shop/ops[Deployment] => shop/web[Deployment]');
    expect(equal.err).toBe(
      'warning: 1 connection is ambiguous and not listed: policies of equal priority disagree, and this format has no word for it; -o json has it\n',
    );
    expect(podwall('map shop equal.yaml -o np-guard-txt -q').err).toBe('');
    expect(podwall('map shop -o np-guard-txt --explain').code).toBe(2);
    expect(podwall('map shop -o np-guard-txt --count').code).toBe(2);
  });

  test('the next command that map offers works', () => {
    const { out } = podwall('map examples/three-tier');
    const next = /^ {2}podwall (explain .*)$/m.exec(out)?.[1] ?? '';
    expect(next).toContain('-f examples/three-tier');
    expect(podwall(next).code).toBe(1);
    expect(podwall('map examples/three-tier -q').out).not.toContain('podwall explain');
    // Standard input cannot be asked a second time.
    expect(
      podwall('map -', { input: `${files['workloads.yaml']}${files['policies.yaml']}` }).out,
    ).not.toContain('podwall explain');
  });

  test('--kubernetes-version reaches the checks of the API server', () => {
    const bits = admitsWeb.replace(/- from:.*/, '- from: [{ipBlock: {cidr: 10.0.0.5/8}}]');
    const input = `${files['workloads.yaml']}${bits}`;
    expect(podwall('map - --kubernetes-version 1.32', { input }).code).toBe(0);
    expect(podwall('map - --kubernetes-version v1.36.0', { input }).code).toBe(3);
  });

  test('--cnp-channel says which CRD judges cluster-wide policies', () => {
    const tier = `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: nodes}
spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{nodes: {}}]}]}
`;
    const input = `${files['workloads.yaml']}${tier}`;
    expect(podwall('map -', { input }).err).not.toContain('experimental-field');
    const { code, err } = podwall('map - --cnp-channel standard', { input });
    expect(code).toBe(3);
    expect(err).toContain('experimental-field');
    const wrong = podwall('map - --cnp-channel beta', { input });
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('"beta" is no value of --cnp-channel. It is one of experimental, standard.');
  });
});

describe('where the answer goes', () => {
  test('piped, it is plain; colour is asked for by --color or FORCE_COLOR', () => {
    const colored = (line: string, env: Readonly<Record<string, string>> = {}): boolean =>
      podwall(`explain shop/ops shop/db:5432 -f shop ${line}`, { env }).out.includes('\u001B[');
    expect(colored('')).toBe(false);
    expect(colored('--color always')).toBe(true);
    expect(colored('--color always', { NO_COLOR: '1' })).toBe(true);
    expect(colored('', { FORCE_COLOR: '1' })).toBe(true);
    expect(colored('', { FORCE_COLOR: '0' })).toBe(false);
    expect(colored('', { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
    expect(colored('', { NO_COLOR: '' })).toBe(false);
    expect(colored('--color never', { FORCE_COLOR: '1' })).toBe(false);
    expect(colored('-o json --color always')).toBe(false);
  });

  test('COLUMNS narrows it', () => {
    const widest = (env: Readonly<Record<string, string>>): number =>
      Math.max(
        ...podwall('map examples/shop', { env })
          .out.split('\n')
          .map((line) => line.length),
      );
    expect(widest({})).toBeGreaterThan(80);
    // The command that is offered is for copying, and stays whole.
    const lines = podwall('map examples/shop -q', { env: { COLUMNS: '60' } }).out.split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    expect(
      podwall('map --help', { env: { COLUMNS: '60' } })
        .out.split('\n')
        .slice(0, 12)
        .every((line) => line.length <= 60),
    ).toBe(true);
  });

  test('a reader that goes away ends it quietly', async () => {
    const child = spawn(process.execPath, [main, 'map', 'many.yaml', '-o', 'csv'], { cwd: folder });
    let err = '';
    child.stderr.on('data', (piece: Buffer) => (err += piece.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const piped = spawnSync(
      'sh',
      ['-c', `'${process.execPath}' '${main}' map many.yaml -o csv | head -n 1`],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    expect(piped).toMatchObject({ status: 0, stderr: '' });
    expect(piped.stdout.trimEnd()).toBe('from,to,ports,family,partial,ambiguous');
  });

  test('a large answer arrives whole at a slow reader', async () => {
    const child = spawn(process.execPath, [main, 'map', 'many.yaml', '-o', 'json'], { cwd: folder });
    let text = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (piece: string) => {
      text += piece;
      child.stdout.pause();
      setImmediate(() => child.stdout.resume());
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect((documentOf(text)['connections'] as readonly unknown[]).length).toBeGreaterThan(300 * 299);
  });

  test('a full disk is told as an error, not as a defect', () => {
    const full = spawnSync('sh', ['-c', `'${process.execPath}' '${main}' map shop > /dev/full`], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(full.status).toBe(2);
    expect(full.stderr).toBe('error: ENOSPC: no space left on device, write\n');
  });

  test('an interrupt ends it as the shell expects', async () => {
    const child = spawn(process.execPath, [main, 'map', '-'], { cwd: folder });
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
    // More than a pipe holds: when it is gone, the input is being read.
    child.stdin.write('# comment\n'.repeat(100_000), () => child.kill('SIGINT'));
    // A shell turns this into 130.
    expect(await ended).toEqual({ code: null, signal: 'SIGINT' });
  });

  test('a defect is printed with its stack and where to report it', () => {
    const broken = `data:text/javascript,JSON.parse = () => { throw new TypeError('planted') }`;
    const { status, stderr } = spawnSync(process.execPath, ['--import', broken, main, 'map', 'shop'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toContain('TypeError: planted\n    at ');
    expect(stderr).toContain(
      '\nThis is a defect of podwall, please report it: https://github.com/podwall/podwall/issues\n',
    );
  });
});
