/**
 * How long a part of a YAML text may be that only the package `yaml` can read, in UTF-16 code units (20 MiB): it needs up
 * to 100 times of it in memory. A document in the subset of `block/` may be longer.
 */
export const maxYamlDocument: number = 20 * 2 ** 20;

/**
 * How long a text may be, in UTF-16 code units (500 MiB): a JSON text is read at once, and V8 holds no string beyond
 * 2^29 - 24 units.
 */
export const maxText: number = 500 * 2 ** 20;

/**
 * How deep mappings and lists may be nested. The deepest objects of Kubernetes, schemas in custom resource definitions,
 * stay below 100; the YAML parser is recursive, and overflows the stack from about 800.
 */
export const maxDepth = 300;

/** How many tokens one YAML document may have: many tiny ones need far more memory than their text. */
export const maxTokens = 9_000_000;

/** How many documents of one text may be no objects; empty ones do not count. */
export const maxDocuments = 250_000;

/** How many errors one text may report; one more says that there are others. */
export const maxErrors = 1000;

/** How many duplicate keys one document lists. */
export const maxDuplicates = 1000;

/** Longer lines are not quoted: no one could read them. In UTF-16 code units. */
export const maxQuotedLine = 400;
