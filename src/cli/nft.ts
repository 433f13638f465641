import process from 'node:process';
import type { Diagnostic } from '../model/index.ts';
import { compileRuleset, firstGeneration, podsOnNode, renderJson, renderText } from '../nft/index.ts';
import type { RulesetReport } from '../nft/index.ts';
import { compile } from '../policy/index.ts';
import { notModelledEntries, undecidedDiagnostics } from '../reach/index.ts';
import { nftNotes, nftReport, renderNotModelled } from '../render/index.ts';
import { didYouMean, exitCode, UsageError } from './exit.ts';
import { readCluster, report } from './input.ts';
import type { Input } from './input.ts';
import type { NftFlags } from './program.ts';
import { colorFor, complain, errorWidth, print } from './terminal.ts';
import { meantWord } from './values.ts';

/**
 * `podwall nft`: prints, and touches nothing of the machine.
 *
 * @throws UsageError when there is no such node, or no input
 */
export async function nft(paths: readonly string[], flags: NftFlags): Promise<number> {
  const read = await readCluster(flags, paths, 'nft -');
  const policy = compile(read.cluster);
  const input: Input = { ...read, diagnostics: [...read.diagnostics, ...undecidedDiagnostics(policy)] };
  if (flags.node !== undefined && !input.cluster.nodes.has(flags.node)) {
    throw unknownNode(flags.node, [...input.cluster.nodes.keys()]);
  }
  // The rules are a document for nft, so what is said of the input and of them stands beside it, whatever the format.
  report(input, ['error', 'warning'], flags);
  const { ruleset, report: made } = compileRuleset(policy, { pods: podsOnNode(input.cluster, flags.node) });
  const generation = {
    ...firstGeneration,
    ...(flags.generation !== undefined && { number: flags.generation }),
  };
  if (flags.output === 'json') {
    await print(`${JSON.stringify(renderJson(ruleset, generation))}\n`);
  } else {
    await print(renderText(ruleset, generation, nftNotes(flags.node, made)));
  }
  report(input, ['note'], flags);
  if (flags.quiet !== true || made.closed.length > 0) complain(nftReport(made, lookOfErrors(flags)));
  if (flags.quiet !== true) {
    const here = new Set(made.pods.map(({ workload }) => workload));
    complain(renderNotModelled(notModelledEntries(input.cluster, here), lookOfErrors(flags)));
  }
  return codeOf(input.diagnostics, made, flags);
}

function unknownNode(node: string, known: readonly string[]): UsageError {
  const near = meantWord(node, known);
  const nodes = known.slice(0, 10).join(', ');
  return new UsageError(
    `the input has no node "${node}"`,
    near === undefined ? undefined : didYouMean([near]),
    known.length === 0 ? 'no pod of it has a nodeName: leave out --node' : `its nodes are ${nodes}`,
  );
}

function codeOf(diagnostics: readonly Diagnostic[], { closed }: RulesetReport, flags: NftFlags): number {
  const incomplete = closed.length > 0 || diagnostics.some(({ severity }) => severity === 'error');
  return incomplete && flags.allowIncomplete !== true ? exitCode.incomplete : exitCode.yes;
}

function lookOfErrors(flags: NftFlags): Parameters<typeof nftReport>[1] {
  return { width: errorWidth(), color: colorFor(process.stderr, flags.color), headers: true };
}
