import type { CodeDoc } from '../model/index.ts';

/** The diagnostic codes that answers can add to those of the reading. */
export const reachCodes: Readonly<Record<string, CodeDoc>> = {
  'label-undecided': {
    title: 'A selector asks for a label that only the cluster sets.',
    text: [
      'Controllers and the scheduler add labels to pods whose values files cannot tell: pod-template-hash, controller-revision-hash, batch.kubernetes.io/controller-uid, the zone and region of the node, and some more. A policy may select them, but whether it then means the pods of a template is not known before the pods exist.',
      'podwall answers as if such a policy isolated the pods and admitted nothing, and says that the answer is incomplete (exit code 3). explain and can work out both readings, and say unknown only where they differ.',
      'A dump of the running pods has these labels. Policies had better select labels that people set.',
    ].join('\n\n'),
    example: 'podSelector:\n  matchLabels:\n    pod-template-hash: 5d8f7c9b6',
  },
};
