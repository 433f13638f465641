import type { Cluster, Direction } from '../model/index.ts';
import type { BlockTable } from './blocks.ts';
import type { ClassIndex } from './class-index.ts';
import type { ClassProfiles } from './class-profiles.ts';
import type { ClassTable } from './classes.ts';
import type { LabelTable } from './labels.ts';
import type { CompiledRules, Selection, SubjectGroup } from './parts.ts';
import type { PeerTable } from './peers.ts';
import type { PortTable } from './port-table.ts';
import type { Profile } from './profile.ts';
import type { CompiledTiers } from './tier-side.ts';

/** What `compile` hands over; see there. */
export interface CompiledParts {
  readonly cluster: Cluster;
  readonly profile: Profile;
  readonly assume: 'closed' | 'open';
  readonly denseThreshold: number;
  readonly denseTierPeers: number;
  readonly podLabels: LabelTable;
  readonly blocks: BlockTable;
  readonly ports: PortTable;
  readonly peers: PeerTable;
  readonly classes: ClassTable;
  readonly index: ClassIndex;
  readonly namespaceIndex: ReadonlyMap<string, number>;
  readonly rules: CompiledRules;
  readonly groups: readonly SubjectGroup[];
  /** By class: the number of the list of groups that select it. */
  readonly subjectOf: Int32Array;
  readonly groupsOf: (c: number) => readonly Selection[];
  readonly profileOf: { readonly [direction in Direction]: Int32Array };
  readonly profiles: { readonly [direction in Direction]: ClassProfiles };
  /** Absent where the cluster has no policy of a tier. */
  readonly tiers?: CompiledTiers;
  /** By class: the tier policies that select it, as places in their order, times 2, plus 1 where files cannot tell. */
  readonly tiersOf?: (c: number) => readonly number[];
}
