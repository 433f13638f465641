/** Why an operand names no end. */
export interface EndProblem {
  readonly kind: 'problem';
  /**
   * `malformed`: no form of operand reads so. `unknown`: nothing of the input is called so. `ambiguous`: several kinds are.
   * `empty`: it exists and stands for no pod or node.
   */
  readonly reason: 'malformed' | 'unknown' | 'ambiguous' | 'empty';
  /** One sentence without final full stop; it quotes the operand. */
  readonly message: string;
  /** Operands that work: all meanings of an ambiguous one, the nearest of an unknown one. */
  readonly choices: readonly string[];
  /** What to write or to look at instead. */
  readonly hint: string | undefined;
}

/** An operand of no form that there is. */
export function malformed(message: string, hint: string | undefined): EndProblem {
  return { kind: 'problem', reason: 'malformed', message, choices: [], hint };
}

/** An operand that stands for something without pods or nodes. */
export function empty(message: string, hint: string | undefined): EndProblem {
  return { kind: 'problem', reason: 'empty', message, choices: [], hint };
}

/** `a, b or c`. */
export function listOf(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}

/** An operand in quotes, cut where it is long. */
export function quote(text: string): string {
  return `"${text.length > 80 ? `${text.slice(0, 79)}…` : text}"`;
}
