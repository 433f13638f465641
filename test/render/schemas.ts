import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** A function that lists what is wrong with a document by the published schema; nothing when it is as described. */
export function schemaOf(name: string): (document: unknown) => readonly string[] {
  const file = fileURLToPath(new URL(`../../schemas/${name}.schema.json`, import.meta.url));
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false });
  const validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
  return (document) => {
    validate(document);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message ?? ''}`);
  };
}
