import type { Diagnostic } from '../model/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { byText } from './allowed.ts';

/**
 * Errors about policies that ask for labels that only the cluster sets (corner 23): what depends on them is answered as
 * if such a policy isolated and admitted nothing, and the answer is incomplete.
 */
export function undecidedDiagnostics(policy: CompiledPolicy): readonly Diagnostic[] {
  return policy.undecided().map(({ policy: { ref, origin, name }, pods }): Diagnostic => {
    const workloads = [...new Set(pods.map((pod) => pod.workload))].sort(byText);
    const shown = workloads.slice(0, 3).join(', ');
    const whom = workloads.length > 3 ? `${shown} and ${workloads.length - 3} more` : shown;
    return {
      code: 'label-undecided',
      severity: 'error',
      message: `whether a selector of ${name} means the pods of ${whom} depends on labels that only the cluster sets`,
      hint: 'read the running pods instead: kubectl get pods,ns,netpol -A -o json | podwall map -',
      object: ref,
      ...origin.locate(['spec']),
    };
  });
}
