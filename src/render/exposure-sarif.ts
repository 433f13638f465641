import { exposureKinds } from '../exposure/index.ts';
import type { Exposed, Exposure, ExposureAnswer, ExposureKind } from '../exposure/index.ts';
import type { Diagnostic, Direction, Place } from '../model/index.ts';
import { kindText, narrowedTexts, peerText, usableText } from './exposure-words.ts';
import { briefId } from './names.ts';
import { escapeInDocument } from './text.ts';

/** The rules that results refer to; their ids never change. */
const directions: readonly Direction[] = ['ingress', 'egress'];

/**
 * An exposure as SARIF 2.1.0: a result for each workload that nothing isolates, and for each peer of an isolated one. Places
 * are those of the rules that let a peer through, else of the workload.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function* sarifOf(answer: ExposureAnswer, version: string): Generator<string, void> {
  const rules = directions.flatMap((direction) => [
    {
      id: notIsolatedId(direction),
      shortDescription: { text: `No policy isolates ${direction} of a workload` },
      fullDescription: {
        text: `${direction === 'ingress' ? 'Everybody can reach it' : 'It can reach everybody'}, as far as the other side lets them.`,
      },
      defaultConfiguration: { level: 'warning' },
      helpUri,
    },
    ...exposureKinds.map((kind) => ({
      id: ruleId(direction, kind),
      shortDescription: {
        text: `${direction === 'ingress' ? 'A workload could be reached by' : 'A workload could reach'} ${kindText(kind)}`,
      },
      defaultConfiguration: { level: levelOf(direction, kind) },
      helpUri,
    })),
  ]);
  const driver = { name: 'podwall', version, informationUri: home, rules };
  const open = { $schema: schema, version: '2.1.0' };
  const start = JSON.stringify(open).slice(0, -1);
  yield `${start},"runs":[{"tool":${text({ driver })},"columnKind":"utf16CodeUnits","results":[`;
  let isFirst = true;
  for (const result of resultsOf(answer)) {
    yield `${isFirst ? '\n' : ',\n'}${text(result)}`;
    isFirst = false;
  }
  const { undecided, diagnostics } = answer.document;
  const notes = [
    // What was left out of the input, or could not be decided, makes the findings incomplete.
    ...diagnostics.filter(({ severity }) => severity === 'error').map(notificationOf),
    ...undecided.map((each) => ({ level: 'warning', message: { text: each } })),
  ];
  const invocation = { executionSuccessful: true, toolExecutionNotifications: notes };
  yield `${isFirst ? '' : '\n'}],"invocations":[${text(invocation)}]}]}\n`;
}

const home = 'https://github.com/podwall/podwall';
const helpUri = `${home}/blob/main/docs/how-to/exposure.md`;
const schema = 'https://json.schemastore.org/sarif-2.1.0.json';

function text(value: unknown): string {
  return escapeInDocument(JSON.stringify(value));
}

function ruleId(direction: Direction, kind: ExposureKind): string {
  return `${direction}-${kind}`;
}

function notIsolatedId(direction: Direction): string {
  return `${direction}-not-isolated`;
}

/** What anybody can make use of is a warning, what needs a place in the cluster a note. */
function levelOf(direction: Direction, kind: ExposureKind): 'warning' | 'note' {
  const wide: readonly ExposureKind[] = ['internet', 'any-pod', 'public-addresses', 'labelled-pods', 'entry'];
  return direction === 'ingress' && wide.includes(kind) ? 'warning' : 'note';
}

function* resultsOf(answer: ExposureAnswer): Generator<unknown, void> {
  for (const exposure of answer.document.exposures) {
    const { direction, workloads, isolated, tiers } = exposure;
    for (const workload of workloads) {
      const place = answer.placeOf(workload);
      if (!isolated && tiers === undefined) {
        const why = exposure.hostNetwork === true ? 'it is on the host network' : 'no policy isolates it';
        const message = `${direction} of ${briefId(workload)} is open: ${why}.`;
        yield result(
          notIsolatedId(direction),
          'warning',
          message,
          workload,
          place === undefined ? [] : [place],
        );
        continue;
      }
      for (const peer of exposure.peers) {
        if (peer.kind === 'entry' && !peer.workloads.includes(workload)) continue;
        yield ofPeer(exposure, peer, workload, answer);
      }
    }
  }
}

function ofPeer(exposure: Exposure, peer: Exposed, workload: string, answer: ExposureAnswer): unknown {
  const { direction } = exposure;
  const places = peer.because.map((reason) => answer.place(reason, direction));
  const own = answer.placeOf(workload);
  const less = narrowedTexts(peer, direction);
  const ports = usableText(peer);
  const whom = `${peerText(peer)} on ${ports === 'all' ? 'all ports' : ports}`;
  const what =
    direction === 'ingress' ? `${briefId(workload)} could be reached by` : `${briefId(workload)} could reach`;
  const message = `${what} ${[whom, ...less].join('; ')}.`;
  return result(
    ruleId(direction, peer.exposure),
    levelOf(direction, peer.exposure),
    message,
    `${workload} ${peerText(peer)} ${ports}`,
    places.length > 0 ? places : own === undefined ? [] : [own],
    places.length > 0 && own !== undefined ? [own] : [],
  );
}

function result(
  id: string,
  level: string,
  message: string,
  identity: string,
  places: readonly Place[],
  related: readonly Place[] = [],
): unknown {
  return {
    ruleId: id,
    level,
    message: { text: message },
    // The first place decides where viewers show it; the others follow.
    locations: places.slice(0, 1).map(locationOf),
    relatedLocations: [...places.slice(1), ...related].map((place, i) => ({
      id: i + 1,
      ...locationOf(place),
    })),
    partialFingerprints: { 'podwall/v1': `${id} ${identity}` },
  };
}

function notificationOf({ code, message, ...place }: Diagnostic): unknown {
  return {
    level: 'error',
    message: { text: message },
    descriptor: { id: code },
    locations: [locationOf(place)],
  };
}

function locationOf({ file, line, column }: Place): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(file) },
      region: { startLine: line, startColumn: column },
    },
  };
}

/** A path as a URI reference, which SARIF asks for. */
function uriOf(file: string): string {
  const path = file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');
  return /^[a-z]:/i.test(file) || file.startsWith('/')
    ? `file://${path.startsWith('/') ? '' : '/'}${path}`
    : path;
}
