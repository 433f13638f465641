import { endRows } from './profiles/rows-ends.ts';
import { portRows } from './profiles/rows-ports.ts';
import { tierRows } from './profiles/rows-tiers.ts';
import { toldRows } from './profiles/rows-told.ts';
import type { Cell, Profile, ProfileName, Reading, ReadingId, Row } from './profiles/types.ts';

export { profileNames } from './profiles/types.ts';
export type { Profile, ProfileName, Reading, ReadingId } from './profiles/types.ts';

/** The rows that the engine follows. */
export const readingRows: { readonly [id in ReadingId]: Row<Reading[id]> } = {
  ...endRows,
  ...portRows,
  ...tierRows,
};

/** The ids of the rows that the engine follows, in the order of the table. */
export const readingIds: readonly ReadingId[] = [
  'ipBlockMatchesPods',
  'ipBlockMatchesNodes',
  'hostNetworkPods',
  'finishedPods',
  'nodeToPod',
  'podToNode',
  'sidecarPorts',
  'namedPortsInEgress',
  'namedPortOnIpBlock',
  'endPort',
  'hostBits',
  'sctp',
  'allPortsAdmitOthers',
  'baselineAfterPolicies',
  'equalPriority',
];

/** One behaviour that the API leaves open, as people and documents are told of it. */
export interface Behaviour {
  readonly id: string;
  readonly question: string;
  /** The corner that leaves it open. */
  readonly corner: number;
  /** Whether answers follow the profile in it. */
  readonly followed: boolean;
  /** By profile: the value, what it means, and its source; `unknown` where no public source is at hand. */
  readonly cells: { readonly [name in ProfileName]: BehaviourCell };
}

/** A cell of the table, as it is told. */
export type BehaviourCell =
  | 'unknown'
  | {
      readonly value: string | boolean;
      readonly text: string;
      readonly source: { readonly text: string; readonly url?: string };
    };

/** The whole table: what the engine follows, then what is only told. */
export const behaviours: readonly Behaviour[] = [
  ...readingIds.map((id) => behaviourOf(id, readingRows[id], true)),
  ...Object.entries(toldRows).map(([id, row]) => behaviourOf(id, row, false)),
];

function behaviourOf(id: string, row: Row<string> | Row<boolean>, followed: boolean): Behaviour {
  const { question, corner } = row;
  return { id, question, corner, followed, cells: tell(row) };
}

function tell({ cells, values }: Row<string> | Row<boolean>): Behaviour['cells'] {
  const texts = new Map<string | boolean, string>(values);
  const told = (cell: Cell<string | boolean>): BehaviourCell =>
    cell === 'unknown' ? cell : { ...cell, text: texts.get(cell.value)! };
  return byName((name) => told(cells[name]));
}

function byName<T>(make: (name: ProfileName) => T): { readonly [name in ProfileName]: T } {
  return {
    upstream: make('upstream'),
    'np-guard': make('np-guard'),
    calico: make('calico'),
    cilium: make('cilium'),
    'ovn-kubernetes': make('ovn-kubernetes'),
    antrea: make('antrea'),
    'kube-network-policies': make('kube-network-policies'),
    'aws-vpc-cni': make('aws-vpc-cni'),
    'kube-router': make('kube-router'),
  };
}

/** Every profile, by name: a column of the table, with what is unknown read as `upstream` reads it. */
export const profiles: { readonly [name in ProfileName]: Profile } = byName((name) => ({
  name,
  unknown: readingIds.filter((id) => readingRows[id].cells[name] === 'unknown'),
  ipBlockMatchesPods: valueOf(endRows.ipBlockMatchesPods, name),
  ipBlockMatchesNodes: valueOf(endRows.ipBlockMatchesNodes, name),
  hostNetworkPods: valueOf(endRows.hostNetworkPods, name),
  finishedPods: valueOf(endRows.finishedPods, name),
  nodeToPod: valueOf(endRows.nodeToPod, name),
  podToNode: valueOf(endRows.podToNode, name),
  sidecarPorts: valueOf(portRows.sidecarPorts, name),
  namedPortsInEgress: valueOf(portRows.namedPortsInEgress, name),
  namedPortOnIpBlock: valueOf(portRows.namedPortOnIpBlock, name),
  endPort: valueOf(portRows.endPort, name),
  hostBits: valueOf(portRows.hostBits, name),
  sctp: valueOf(portRows.sctp, name),
  allPortsAdmitOthers: valueOf(portRows.allPortsAdmitOthers, name),
  baselineAfterPolicies: valueOf(tierRows.baselineAfterPolicies, name),
  equalPriority: valueOf(tierRows.equalPriority, name),
}));

function valueOf<Value extends string | boolean>(row: Row<Value>, name: ProfileName): Value {
  const cell = row.cells[name];
  if (cell !== 'unknown') return cell.value;
  const { upstream } = row.cells;
  // A test holds that upstream knows every cell.
  return upstream === 'unknown' ? row.values[0]![0] : upstream.value;
}

/** The profile that a name stands for; `upstream` without one. */
export function profileNamed(profile: ProfileName | Profile = 'upstream'): Profile {
  return typeof profile === 'string' ? profiles[profile] : profile;
}

/** A profile with one behaviour read otherwise: what that changes in the answer is what the behaviour causes. */
export function withReading<Id extends ReadingId>(profile: Profile, id: Id, value: Reading[Id]): Profile {
  return { ...profile, [id]: value, unknown: profile.unknown.filter((each) => each !== id) };
}
