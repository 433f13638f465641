import { BlockIndex } from './block-index.ts';
import { Groups } from './groups.ts';
import { HostNodes } from './host-nodes.ts';
import { LabelSets } from './label-sets.ts';
import { LiveClasses } from './live-classes.ts';
import { LiveMatrix } from './live-matrix.ts';
import { LivePeers } from './live-peers.ts';
import { LiveTiers, unsureMark } from './live-tiers.ts';
import { Namespaces } from './namespaces.ts';
import { NodePairs } from './node-pairs.ts';
import { SelectorTable } from './selectors.ts';
import type { Pod } from '../../model/index.ts';
import { PortTable } from '../port-table.ts';
import type { Profile } from '../profile.ts';

/** Everything that a live cluster keeps; what keeps it in order are the classes that read it here. */
export class Tables {
  readonly profile: Profile;
  readonly assume: 'closed' | 'open';
  readonly ports: PortTable;
  readonly matrix: LiveMatrix;
  readonly namespaces: Namespaces = new Namespaces();
  readonly selectors: SelectorTable = new SelectorTable();
  readonly labels: LabelSets = new LabelSets();
  readonly blocks: BlockIndex = new BlockIndex();
  readonly peers: LivePeers = new LivePeers();
  readonly classes: LiveClasses = new LiveClasses();
  readonly nodes: NodePairs;
  readonly groups: Groups;
  readonly tiers: LiveTiers;
  readonly hosts: HostNodes = new HostNodes();
  /** By pod number. */
  readonly pods: (Pod | undefined)[] = [];

  constructor(profile: Profile, assume: 'closed' | 'open', denseThreshold: number) {
    this.profile = profile;
    this.ports = new PortTable(profile);
    this.assume = assume;
    this.tiers = new LiveTiers(this.ports, assume, profile);
    this.matrix = new LiveMatrix(this.ports, profile.namedPortOnIpBlock, denseThreshold, this.tiers);
    this.nodes = new NodePairs(
      (pod) => ({ c: this.classes.of(pod), replicas: this.pods[pod]!.replicas }),
      (host, guest, pairs) => {
        if (profile.nodeToPod) this.matrix.exempt(host, guest, pairs);
        if (profile.podToNode) this.matrix.exempt(guest, host, pairs);
      },
    );
    this.groups = new Groups(this.ports, assume);
  }

  /** The peers that mean a class, with `unsureMark` where files cannot tell. */
  membershipsOf(c: number): readonly number[] {
    const { meant } = this.matrix;
    return Array.from({ length: meant.count(c) }, (_, i) =>
      meant.flagAt(c, i) ? meant.setAt(c, i) | unsureMark : meant.setAt(c, i),
    );
  }

  /** Corner 34: whether an ipBlock matches the address of a pod, or of a node, is the profile's; networks of tiers match both. */
  isMatched(host: boolean): boolean {
    const { ipBlockMatchesNodes, ipBlockMatchesPods } = this.profile;
    return host ? ipBlockMatchesNodes : ipBlockMatchesPods;
  }
}
