/** A defect of podwall itself, never of its input: printed with its stack and the address of the issue tracker. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}

/** Closes a `switch` over a union: a new member does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new InternalError(`unreachable: ${JSON.stringify(value)}`);
}
