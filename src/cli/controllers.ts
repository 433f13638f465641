import type { NamedController } from '../entry/index.ts';
import { UsageError } from './exit.ts';
import { endOf } from './input.ts';
import type { Searched } from './input.ts';
import type { InputFlags } from './program.ts';

/**
 * The controllers that `--ingress-controller` names, instead of those that podwall finds.
 *
 * @throws UsageError when one of them is no pod of the input
 */
export function controllersOf(input: Searched, flags: InputFlags): readonly NamedController[] {
  return (flags.ingressController ?? []).map((text) => {
    const end = endOf(input, text, flags);
    const pods = end.kind === 'pods' || end.kind === 'service' ? end.pods : [];
    if (pods.length > 0) return { name: end.name, pods };
    throw new UsageError(
      `--ingress-controller ${text} stands for no pod`,
      'name the pods of the controller: NAMESPACE/WORKLOAD',
    );
  });
}
