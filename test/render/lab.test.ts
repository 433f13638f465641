import { describe, expect, it } from 'vitest';
import {
  isLabProven,
  labReportJson,
  labSummary,
  renderLabProbe,
  renderLabReport,
  renderLabStatus,
} from '../../src/render/index.ts';
import type { LabReport, LabReportEntry, LabStatusView, RenderOptions } from '../../src/render/index.ts';
import { golden, obeyed, overlong, withoutColor } from './golden.ts';
import { schemaOf } from './schemas.ts';

const plain: RenderOptions = { width: 80, color: false, headers: true };

const entry: LabReportEntry = {
  from: 'bank/frontend',
  to: 'bank/api',
  protocol: 'TCP',
  port: 8080,
  source: '10.244.0.3',
  destination: '10.244.0.4',
  predicted: 'allowed',
  observed: 'allowed',
  outcome: 'answered',
};
const denied: LabReportEntry = {
  ...entry,
  to: 'bank/db',
  port: 5432,
  predicted: 'denied',
  observed: 'denied',
  outcome: 'timedOut',
  provenByRemoval: true,
};
const wrong: LabReportEntry = {
  ...entry,
  observed: 'denied',
  outcome: 'timedOut',
  provenByRemoval: true,
  cause: 'rule missing on node-1: chain in_3f2a, "bank/api-ingress rule 1"  policies.yaml:12',
};

/** A report with the sums that belong to its details. */
function reportOf(details: readonly LabReportEntry[]): LabReport {
  const count = (holds: (each: LabReportEntry) => boolean): number => details.filter(holds).length;
  return {
    apiVersion: 'podwall.dev/v1',
    kind: 'LabReport',
    probes: details.length,
    allowed: count(({ observed }) => observed === 'allowed'),
    denied: count(({ observed }) => observed === 'denied'),
    disagreements: count(({ observed, predicted }) => observed !== predicted),
    provenByRemoval: count(({ provenByRemoval }) => provenByRemoval === true),
    differences: [...new Set(details.flatMap(({ cause }) => cause ?? []))],
    details,
  };
}

const reports: Readonly<Record<string, LabReport>> = {
  agrees: reportOf([entry, entry, denied]),
  open: reportOf([entry]),
  disagrees: reportOf([entry, wrong, denied, { ...denied, observed: 'allowed', outcome: 'answered' }]),
  unproven: reportOf([entry, { ...denied, provenByRemoval: false }]),
  tampered: {
    ...reportOf([entry, denied]),
    differences: ['element missing on node-1: set iso_in4, 10.244.0.4', wrong.cause ?? ''],
  },
  both: {
    ...reportOf([entry, wrong]),
    differences: Array.from({ length: 30 }, (_, i) => `set missing on node-1: sel_${i}`),
  },
  many: reportOf(Array.from({ length: 30 }, (_, i) => ({ ...wrong, port: i + 1 }))),
  causes: reportOf(
    Array.from({ length: 30 }, (_, i) => ({
      ...wrong,
      port: i + 1,
      cause: `set missing on node-1: sel_${i % 3}`,
    })),
  ),
  hostile: reportOf([{ ...wrong, from: 'a/\u001b[31mb', to: 'c/\u202ed', cause: 'x\u0007y'.repeat(60) }]),
};

const status: LabStatusView = {
  lab: 'bank',
  pid: 4711,
  startedAt: '2026-01-01T00:00:00.000Z',
  inputs: ['examples/bank/app.yaml'],
  residentBytes: 100 * 2 ** 20,
  sockets: 1234,
  nodes: [
    {
      name: 'node-1',
      namespace: 'podwall.bank.node.node-1',
      addresses: ['172.18.0.1', 'fd00::1'],
      pods: 2,
      generation: 1,
    },
  ],
  pods: [
    {
      name: 'bank/api',
      namespace: 'podwall.bank.pod.bank.api',
      node: 'node-1',
      addresses: ['10.244.0.4'],
      ports: ['8080', 'udp/53'],
    },
  ],
  services: [{ name: 'bank/svc/api', addresses: ['10.96.0.1'] }],
};

describe('a report of a lab', () => {
  it.each(Object.entries(reports))('reads as reviewed: %s', (name, report) => {
    const text = renderLabReport(report, plain);
    expect(text).toBe(golden(`lab-report-${name}.txt`, text));
    expect(text).not.toMatch(obeyed);
    expect(withoutColor(renderLabReport(report, { ...plain, color: true }))).toBe(text);
  });

  it.each(Object.entries(reports))('is as the schema says: %s', (_, report) => {
    const text = [...labReportJson(report)].join('');
    expect(JSON.parse(text)).toEqual(report);
    expect(schemaOf('lab-report')(JSON.parse(text))).toEqual([]);
  });

  it('of no disagreement is proven only with all its denials', () => {
    const proven = Object.entries(reports).filter(([, report]) => isLabProven(report));
    expect(proven.map(([name]) => name)).toEqual(['agrees', 'open']);
  });

  it('has an empty list where nothing was tried', () => {
    expect(JSON.parse([...labReportJson(reportOf([]))].join(''))).toMatchObject({ probes: 0, details: [] });
  });
});

describe('a probe', () => {
  const outcomes = ['answered', 'refused', 'timedOut', 'silent', 'unreachable'] as const;
  const tried = outcomes.map((outcome, i) => ({
    ...entry,
    outcome,
    observed: outcome === 'answered' || outcome === 'refused' ? ('allowed' as const) : ('denied' as const),
    predicted: i % 2 === 0 ? ('allowed' as const) : ('denied' as const),
    ...(outcome === 'answered' ? { answeredBy: 'bank/api TCP 8080' } : {}),
  }));

  it('reads as reviewed', () => {
    const text = renderLabProbe(tried, 'text', plain);
    expect(text).toBe(golden('lab-probe.txt', text));
    expect(overlong(text, 80)).toEqual([]);
  });

  it('is as the schema says', () => {
    const document: unknown = JSON.parse(renderLabProbe(tried, 'json', plain));
    expect(schemaOf('lab-probe')(document)).toEqual([]);
  });
});

describe('what a lab is', () => {
  it('reads as reviewed', () => {
    const text = renderLabStatus(status, 'table', plain);
    expect(text).toBe(golden('lab-status.txt', text));
    expect(overlong(text, 80)).toEqual([]);
  });

  it('is as the schema says', () => {
    expect(schemaOf('lab-status')(JSON.parse(renderLabStatus(status, 'json', plain)))).toEqual([]);
  });

  it('is one sentence when it is up', () => {
    const summary = {
      nodes: 2,
      pods: 5,
      services: 2,
      ingresses: 1,
      gateways: 0,
      routes: 0,
      tls: true,
      repaired: [],
    };
    expect(labSummary(summary, 'bank', 'is up', plain)).toBe(
      '✓ The lab bank is up: 2 nodes, 5 pods, 2 Services and 1 Ingress with TLS.\n',
    );
    expect(labSummary({ ...summary, gateways: 3, tls: false }, undefined, 'building', plain, 912)).toBe(
      'building   2 nodes, 5 pods, 2 Services, 1 Ingress, 3 Gateways    0.9 s\n',
    );
    expect(labSummary({ ...summary, ingresses: 0, routes: 2 }, 'bank', 'is up', plain)).toBe(
      '✓ The lab bank is up: 2 nodes, 5 pods, 2 Services and 2 Routes with TLS.\n',
    );
  });

  it('has below it what was put right', () => {
    const summary = { nodes: 1, pods: 1, services: 0, ingresses: 0, gateways: 0, routes: 0, tls: false };
    const missing = (i: number): string => `set missing on node-1: sel_${i}`;
    const repaired = Array.from({ length: 25 }, (_, i) => missing(i));
    const text = labSummary({ ...summary, repaired }, 'bank', 'has changed', plain);
    expect(text.split('\n')).toEqual([
      '✓ The lab bank has changed: 1 node and 1 pod.',
      '  Put right, for somebody had changed it by hand:',
      ...Array.from({ length: 20 }, (_, i) => `    ${missing(i)}`),
      '  and 5 more',
      '',
    ]);
  });
});
