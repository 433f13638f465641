import { unreachable } from '../errors.ts';
import type { Narrowing } from './narrowing.ts';
import type { Step, Transaction } from './plan.ts';
import {
  chainJson,
  entryJson,
  entryText,
  hookText,
  mapJson,
  mapProperty,
  ruleJson,
  ruleText,
  setJson,
  setProperties,
} from './render.ts';
import type { SetElement } from './ruleset.ts';
import { elementJson, elementText, keyJson, keyText } from './syntax.ts';
import type { Json } from './syntax.ts';

/** The batches of a transaction in nft's language: one text for each, a command a line, to be loaded whole. */
export function transactionText({ batches, table }: Transaction): readonly string[] {
  return batches.map((steps) => steps.flatMap((step) => stepText(step, table)).join(''));
}

/** The same as documents of libnftables' JSON. */
export function transactionJson({ batches, table }: Transaction): readonly Json[] {
  return batches.map((steps) => ({
    nftables: [{ metainfo: { json_schema_version: 1 } }, ...steps.flatMap((step) => stepJson(step, table))],
  }));
}

/** Why all flows are judged again, in words. */
export function narrowingText(narrowing: Narrowing): string {
  switch (narrowing.kind) {
    case 'isolated':
      return `${narrowing.address}: ${narrowing.direction} is isolated now`;
    case 'less':
      return `${narrowing.address}: ${narrowing.direction} admits less`;
    case 'toNode':
      return `${narrowing.address}: less may go to the node itself`;
    case 'owner':
      return narrowing.after === undefined
        ? `${narrowing.address}: was ${narrowing.before}, and is free now`
        : `${narrowing.address}: was ${narrowing.before}, and is ${narrowing.after} now`;
    case 'layout':
      return {
        rules: 'the layout of the table changes',
        mark: 'other bits of the mark are used',
        ranges: 'more addresses are closed unless they are known',
      }[narrowing.what];
    default:
      return unreachable(narrowing);
  }
}

/** nft reads a line at a time: so many elements stand in one. */
const elementsOfLine = 1000;

/** One command to nft, as lines. */
export function stepText(step: Step, table: string): readonly string[] {
  const inTable = `inet ${table}`;
  switch (step.kind) {
    case 'addTable':
      return [`add table ${inTable}\n`];
    case 'addSet': {
      const { name, elements } = step.set;
      const properties = setProperties(step.set).join('; ');
      return [
        `add set ${inTable} ${name} { ${properties}; }\n`,
        ...elementLines(`add element ${inTable} ${name}`, elements.map(elementText)),
      ];
    }
    case 'addElements':
      return elementLines(`add element ${inTable} ${step.set}`, step.elements.map(elementText));
    case 'deleteElements':
      return elementLines(
        `delete element ${inTable} ${step.set}`,
        step.elements.map(({ key }) => keyText(key)),
      );
    case 'addMap':
      return [`add map ${inTable} ${step.map.name} { ${mapProperty(step.map)}; }\n`];
    case 'addEntries':
      return elementLines(`add element ${inTable} ${step.map}`, step.entries.map(entryText));
    case 'deleteEntries':
      return elementLines(
        `delete element ${inTable} ${step.map}`,
        step.entries.map(({ key }) => key),
      );
    case 'addChain': {
      const { name, hook } = step.chain;
      return [`add chain ${inTable} ${name}${hook === undefined ? '' : ` { ${hookText(hook)} }`}\n`];
    }
    case 'addRules':
      return step.rules.map((rule) => `add rule ${inTable} ${step.chain} ${ruleText(rule)}\n`);
    case 'flushChain':
      return [`flush chain ${inTable} ${step.chain}\n`];
    case 'deleteChain':
      return [`delete chain ${inTable} ${step.chain}\n`];
    case 'deleteSet':
      return [`delete set ${inTable} ${step.set}\n`];
    case 'deleteMap':
      return [`delete map ${inTable} ${step.map}\n`];
    default:
      return unreachable(step);
  }
}

function elementLines(command: string, elements: readonly string[]): readonly string[] {
  return chunksOf(elements).map((some) => `${command} { ${some.join(', ')} }\n`);
}

/** Elements as they stand in one command each. */
export function chunksOf(elements: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(elements.length / elementsOfLine) }, (_, i) =>
    elements.slice(i * elementsOfLine, (i + 1) * elementsOfLine),
  );
}

function stepJson(step: Step, table: string): readonly Json[] {
  const of = { family: 'inet', table };
  const keysOf = (elements: readonly SetElement[]): Json => elements.map(({ key }) => keyJson(key));
  switch (step.kind) {
    case 'addTable':
      return [{ add: { table: { family: 'inet', name: table } } }];
    case 'addSet':
      return [{ add: { set: { ...of, ...setJson(step.set) } } }];
    case 'addElements':
      return [{ add: { element: { ...of, name: step.set, elem: step.elements.map(elementJson) } } }];
    case 'deleteElements':
      return [{ delete: { element: { ...of, name: step.set, elem: keysOf(step.elements) } } }];
    case 'addMap':
      return [{ add: { map: { ...of, ...mapJson(step.map) } } }];
    case 'addEntries':
      return [{ add: { element: { ...of, name: step.map, elem: step.entries.map(entryJson) } } }];
    case 'deleteEntries':
      return [{ delete: { element: { ...of, name: step.map, elem: step.entries.map(entryJson) } } }];
    case 'addChain':
      return [{ add: { chain: { ...of, ...chainJson(step.chain) } } }];
    case 'addRules':
      return step.rules.map((rule): Json => ({
        add: { rule: { ...of, chain: step.chain, ...ruleJson(rule) } },
      }));
    case 'flushChain':
      return [{ flush: { chain: { ...of, name: step.chain } } }];
    case 'deleteChain':
      return [{ delete: { chain: { ...of, name: step.chain } } }];
    case 'deleteSet':
      return [{ delete: { set: { ...of, name: step.set } } }];
    case 'deleteMap':
      return [{ delete: { map: { ...of, name: step.map } } }];
    default:
      return unreachable(step);
  }
}
