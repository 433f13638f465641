// The lines of the bench about the kernel: packets through a node, and changes of its table.
import { timeLine } from '../line.ts';
import type { Line } from '../line.ts';
import type { PacketCost, Packets, Rules } from './packets.ts';
import type { UpdateCost, Updates } from './updates.ts';

/** Nanoseconds as the bench shows them. */
const microseconds = (ns: number): number => ns / 1000;

/** What packets and connections cost, with their limits: by policies, and beside a plain list of rules. */
export function packetLines({ peers, costs }: Packets): readonly Line[] {
  const of = (rules: Rules, policies: number): PacketCost => {
    const found = costs.find((cost) => cost.rules === rules && cost.policies === policies);
    if (found === undefined) throw new Error(`${rules} with ${policies} policies was not measured`);
    return found;
  };
  const none = of('nothing', 0);
  const one = of('podwall', 1);
  const most = Math.max(...costs.map(({ policies }) => policies));
  const list = of('list', most);
  const filtered = costs.filter(({ rules }) => rules !== 'nothing');
  const exact = costs.every(
    ({ admitted, denied, rules }) =>
      admitted[0] === admitted[1] && denied[1] === (rules === 'nothing' ? denied[0] : 0),
  );
  const size = (policies: number): string => `${policies} policies, ${peers} peers`;
  const equal = {
    equal: exact,
    text: `all ${costs.reduce((all, { admitted }) => all + admitted[0], 0)} admitted packets arrived, 0 of ${filtered.reduce((all, { denied }) => all + denied[0], 0)} denied ones`,
  };
  const ours = costs.filter(({ rules }) => rules === 'podwall');
  const line = (
    question: string,
    { policies }: PacketCost,
    figure: number,
    baseline: Line['baseline'],
    ratioLimit?: number,
  ): Line => ({
    question,
    size: size(policies),
    figure: microseconds(figure),
    unit: 'µs',
    better: 'lower',
    ...(baseline === undefined ? {} : { baseline }),
    ...(ratioLimit === undefined ? {} : { ratioLimit }),
  });
  return [
    ...ours.map((cost): Line => {
      const baseline = { what: 'with 1 policy', figure: microseconds(one.establishedNs) };
      const measured = line('a packet of an established flow', cost, cost.establishedNs, baseline, 1.1);
      return cost.policies === 1 ? { ...measured, equal } : measured;
    }),
    ...ours.map((cost) =>
      line('the first packet of a flow', cost, cost.newFlowNs, {
        what: 'without policies',
        figure: microseconds(none.newFlowNs),
      }),
    ),
    ...ours.map((cost) =>
      line(
        'a TCP connection: connect, one byte, close',
        cost,
        cost.connectionNs,
        { what: 'without policies', figure: microseconds(none.connectionNs) },
        1.12,
      ),
    ),
    {
      question: 'what a list of rules adds to the first packet of a flow',
      size: size(most),
      figure: microseconds(list.newFlowNs - none.newFlowNs),
      unit: 'µs',
      better: 'higher',
      baseline: {
        what: 'what podwall adds',
        figure: microseconds(of('podwall', most).newFlowNs - none.newFlowNs),
      },
      ratioLimit: 50,
    },
    ...ours.map(({ policies, loadMs }) =>
      timeLine(
        'load the whole table',
        size(policies),
        { wallMs: loadMs, cpuMs: loadMs },
        policies === 1 ? { limit: 1000 } : {},
      ),
    ),
  ];
}

/** How long changed pods take. */
export function updateLines({ costs, equal }: Updates): readonly Line[] {
  return costs.map(({ kind, policies, medianMs, changes }: UpdateCost): Line => ({
    question: `one changed pod in the kernel: ${kind}`,
    size: `${policies} policy sets, median of ${changes}`,
    figure: medianMs,
    unit: 'ms',
    better: 'lower',
    limit: 1,
    equal: { equal, text: 'the table is that of a fresh start' },
  }));
}
