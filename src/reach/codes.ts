import type { CodeDoc } from '../model/index.ts';

/** The diagnostic codes that answers can add to those of the reading. */
export const reachCodes: Readonly<Record<string, CodeDoc>> = {
  'profile-unknown': {
    title: 'The profile does not know a behaviour that the input has to do with.',
    text: [
      'A profile is what public sources say of an implementation. Where they say nothing of a behaviour that the API leaves open, podwall answers as the profile upstream does, and says so where the input has to do with it.',
      'It is a note where every reading gives the same answer. It is an error where another reading would give another answer: the answer is then incomplete (exit code 3), and explain and can say unknown.',
      'podwall profiles NAME shows what is known, with its sources. Try the behaviour in a cluster with that plugin, or write the policy so that it does not depend on it.',
    ].join('\n\n'),
  },
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
