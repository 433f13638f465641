import type { Diagnostic, Origin, Path } from '../../model/index.ts';
import type { RawDocument, SourceText, TextResult } from '../raw.ts';
import { BlockOrigin, BlockParser } from './block/index.ts';
import type { TextCode } from './codes.ts';
import { compose } from './compose.ts';
import { MemberCache, duplicateKeys, topLevelValues } from './json-scan.ts';
import { parseJson } from './json-value.ts';
import { jsonProblem } from './json-syntax.ts';
import { mayHoldKeys, withoutText } from './keys.ts';
import { LineIndex } from './line-index.ts';
import { maxDepth, maxDocuments, maxErrors, maxText, maxTokens, maxYamlDocument } from './limits.ts';
import { JsonOrigin, NodeCache, YamlOrigin } from './origin.ts';
import { splitDocuments } from './split.ts';
import type { Chunk } from './split.ts';
import { syntaxFinding } from './syntax.ts';
import type { Finding } from './syntax.ts';
import { isTooDeep, toValue } from './value.ts';
import type { ValueProblem } from './value.ts';

/** What helps the reading beside the text. */
export interface TextOptions {
  /**
   * Whether a document is a valid object. Corrected lines are offered only when the whole corrected document is; without
   * it, when they parse and leave nothing empty.
   */
  readonly verify?: (value: unknown) => boolean;
  /** Whether corrected lines are looked for at all; they are when this is left out. */
  readonly suggest?: boolean;
}

/**
 * Duplicate keys of JSON are looked for up to this size (UTF-16 code units), which people may have written; larger texts
 * are dumps of a server, which never have any, and the search would cost half of the reading.
 */
export const maxJsonForDuplicates = 2 ** 20;

const noDuplicates: readonly Path[] = [];

/** Corrected lines are looked for in this many documents of a text: each costs several readings. */
const maxSuggestions = 50;

/**
 * Reads the documents of a text, YAML or JSON, as plain values: as Kubernetes reads them.
 *
 * Never throws for its input: what cannot be read is a diagnostic of `textCodes`, with its place, and the other
 * documents are returned all the same. Documents without content, or with nothing but null, are left out. Several JSON
 * values may follow each other. Values are plain objects whose own keys alone count, at most 300 levels deep; aliases
 * of YAML may make parts of them shared.
 *
 * @param source - the text with or without byte order mark, any line ends
 */
export function readText(source: SourceText, options: TextOptions = {}): TextResult {
  return new TextReader(source, options).read();
}

class TextReader {
  private readonly file: string;
  private readonly text: string;
  private readonly options: TextOptions;
  private readonly index: LineIndex;
  private readonly cache = new NodeCache();
  private readonly members = new MemberCache();
  private readonly documents: RawDocument[] = [];
  private readonly diagnostics: Diagnostic[] = [];
  private unreported = 0;
  /** How many documents are no objects. */
  private foreign = 0;
  /** For how many documents corrected lines were looked for. */
  private suggestions = 0;

  constructor(source: SourceText, options: TextOptions) {
    this.file = source.file;
    const text = source.text.startsWith('\uFEFF') ? source.text.slice(1) : source.text;
    // Carriage returns alone end lines, too; the parser knows them only before line feeds.
    this.text = !text.includes('\n') && text.includes('\r') ? text.replaceAll('\r', '\n') : text;
    this.options = options;
    this.index = new LineIndex(this.text);
  }

  read(): TextResult {
    if (this.text.length > maxText) this.reportText();
    else if (!looksLikeJson(this.text, 0) || !this.readJson()) this.readYaml();
    if (this.unreported > 0)
      this.diagnostics.push({
        code: 'too-many-errors' satisfies TextCode,
        severity: 'error',
        message: `${this.unreported} more documents of this text could not be read.`,
        file: this.file,
        line: 1,
        column: 1,
      });
    return { documents: this.documents, diagnostics: this.diagnostics };
  }

  /** Whether the text was JSON: one value, or several after each other. Else nothing was taken from it. */
  private readJson(): boolean {
    const whole = valueOfJson(this.text);
    if (whole !== undefined) {
      this.addJson(whole.value, { start: 0, end: this.text.length });
      return true;
    }
    const values: { readonly value: unknown; readonly chunk: Chunk }[] = [];
    let foreign = 0;
    for (const chunk of topLevelValues(this.text)) {
      // What spans the whole text has failed to parse already.
      const parsed =
        looksLikeJson(this.text, chunk.start) && (values.length > 0 || chunk.end < this.text.length)
          ? valueOfJson(this.text.slice(chunk.start, chunk.end))
          : undefined;
      if (parsed === undefined) {
        // Too long for YAML, and certainly meant as JSON: the values before the mistake count.
        if (this.text.length <= maxYamlDocument) return false;
        for (const { value, chunk: at } of values) this.addJson(value, at);
        this.report(jsonProblem(this.text, chunk.start));
        return true;
      }
      values.push({ value: parsed.value, chunk });
      if (!isObject(parsed.value)) foreign++;
      if (foreign > maxDocuments) break;
    }
    for (const { value, chunk } of values) {
      if (this.isFull(chunk.start)) break;
      this.addJson(value, chunk);
    }
    return true;
  }

  private addJson(value: unknown, { start, end }: Chunk): void {
    if (value === null) return;
    if (isTooDeep(this.text, start, end)) {
      this.report(tooDeep(start));
      return;
    }
    const duplicates = end - start <= maxJsonForDuplicates ? duplicateKeys(this.text, start, end) : [];
    this.add(value, new JsonOrigin(this.file, this.index, this.members, start, end), duplicates);
  }

  private readYaml(): void {
    const parser = new BlockParser(this.text);
    for (const chunk of splitDocuments(this.text)) {
      if (this.isFull(chunk.start)) return;
      const parsed = parser.parse(chunk.start, chunk.end);
      if (parsed === undefined) this.readYamlDocument(chunk);
      else
        this.add(
          parsed.value,
          new BlockOrigin(this.file, this.index, this.cache, chunk.start, chunk.end, parsed.items),
          noDuplicates,
        );
    }
  }

  private readYamlDocument({ start, end }: Chunk): void {
    const text = this.text.slice(start, end);
    if (text.length > maxYamlDocument) {
      this.report(
        tooLarge(
          start,
          `YAML documents up to ${megabytes(maxYamlDocument)} are read, this one has ${megabytes(text.length)}.`,
        ),
      );
      return;
    }
    // A document of a stream may be JSON, too: faster, and found to be so by its first character.
    const json = jsonPart(text);
    let asJson: Finding | undefined;
    if (json !== undefined) {
      const parsed = valueOfJson(text.slice(json.start, json.end));
      if (parsed !== undefined) {
        this.addJson(parsed.value, { start: start + json.start, end: start + json.end });
        return;
      }
      asJson = meantAsJson(text, json);
      // YAML allows more between brackets: a comma before the end, words without quotes. But it would take a comment of
      // JavaScript, and what follows a forgotten comma, for a part of the value.
      if (asJson !== undefined && /^(?:\/|".*a comma)/.test(`${text[asJson.offset]}${asJson.message}`)) {
        this.report(asJson, start);
        return;
      }
    }
    const control = controlCharacter(text);
    if (control !== undefined) {
      this.report(control, start);
      return;
    }
    const composed = compose(text);
    switch (composed.kind) {
      case 'empty':
        // The parser lets it pass, for the document could come later; here the text ends.
        if (/^%/m.test(text))
          this.report(
            {
              code: 'yaml-syntax',
              message: 'A directive (%) stands here without a document behind it.',
              offset: 0,
            },
            start,
          );
        return;
      case 'tooDeep':
        this.report(tooDeep(start + composed.offset));
        return;
      case 'tooManyTokens':
        this.report(
          tooLarge(
            start,
            `YAML documents up to ${maxTokens / 1e6} million keys, values and marks are read, and this one has more.`,
          ),
        );
        return;
      case 'errors': {
        const mayTry = this.options.suggest !== false && this.suggestions++ < maxSuggestions;
        const verify = mayTry ? this.options.verify : 'none';
        this.report(asJson ?? syntaxFinding(text, composed.errors, verify), start);
        return;
      }
      case 'nodes': {
        const converted = toValue(composed.document);
        if (converted.kind === 'problem') this.report(valueFinding(text, converted.problem), start);
        else if (converted.value !== null)
          this.add(
            converted.value,
            new YamlOrigin(this.file, this.index, this.cache, start, end),
            converted.duplicates,
          );
        return;
      }
      default:
        return composed satisfies never;
    }
  }

  private add(value: unknown, origin: Origin, duplicates: readonly Path[]): void {
    if (!isObject(value)) this.foreign++;
    this.documents.push({ value, origin, duplicates });
  }

  /** @param base - what the offset of the finding counts from */
  private report(finding: Finding, base = 0): void {
    if (this.diagnostics.length >= maxErrors) {
      this.unreported++;
      return;
    }
    const at = Math.min(base + finding.offset, this.text.length);
    const isSealed = mayHoldKeys(this.text, base, at);
    const { offset: _, value, ...rest } = isSealed ? withoutText(finding) : finding;
    this.diagnostics.push({
      ...rest,
      ...(isSealed ? { sealed: true } : {}),
      severity: 'error',
      ...(value === undefined || value === '' ? {} : { value: shorten(value) }),
      file: this.file,
      ...this.index.place(at),
    });
  }

  private reportText(): void {
    this.report(
      tooLarge(0, `Texts up to ${megabytes(maxText)} are read, this one has ${megabytes(this.text.length)}.`),
    );
  }

  private isFull(offset: number): boolean {
    if (this.foreign < maxDocuments) return false;
    this.report(tooManyDocuments(offset));
    return true;
  }
}

/** Whether a value says what kind of object it is: a list or an object of Kubernetes, or meant to be one. */
export function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string';
}

/** The first character decides: no block YAML starts with a bracket. */
function looksLikeJson(text: string, at: number): boolean {
  const first = /\S/g;
  first.lastIndex = at;
  const found = first.exec(text)?.[0];
  return found === '{' || found === '[';
}

/** Where the JSON of a document stands: behind its marker, before the end marker. */
function jsonPart(text: string): Chunk | undefined {
  const start = /^(?:---)?\s*/.exec(text)?.[0].length ?? 0;
  if (text[start] !== '{' && text[start] !== '[') return undefined;
  const marker = /\n\.\.\.\s*$/.exec(text.slice(-100));
  return { start, end: text.length - (marker?.[0].length ?? 0) };
}

/** The mistake of a document that is no JSON but was meant to be: its first key is in double quotes. */
function meantAsJson(text: string, { start, end }: Chunk): Finding | undefined {
  if (text.includes('{{') || !/^[{[]\s*["{[]/.test(text.slice(start, start + 1000))) return undefined;
  return jsonProblem(text.slice(0, end), start);
}

/** YAML allows no control characters; the parser would take them. c-printable, https://yaml.org/spec/1.2.2/#51-character-set */
function controlCharacter(text: string): Finding | undefined {
  const found = /[^\P{Cc}\t\n\r\u0085]/u.exec(text);
  if (found === null) return undefined;
  const code = found[0].charCodeAt(0);
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return {
    code: 'yaml-syntax',
    message: `A control character (${name}) stands here, and YAML allows none.`,
    hint:
      code === 0
        ? 'the file may be binary, or encoded as UTF-16 without a mark'
        : `in double quotes it is written "\\x${code.toString(16).padStart(2, '0')}"`,
    value: name,
    offset: found.index,
  };
}

function valueOfJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: parseJson(text) };
  } catch {
    return undefined;
  }
}

function megabytes(units: number): string {
  return `${Math.ceil(units / 2 ** 20).toLocaleString('en')} MiB`;
}

/** A value at fault, short enough to be shown. */
export function shorten(value: string): string {
  return value.length <= 200 ? value : `${value.slice(0, 199)}…`;
}

function tooLarge(offset: number, message: string): Finding {
  return {
    code: 'document-too-large',
    message,
    hint: 'use JSON (kubectl get … -o json), or dump a few namespaces at a time (-n)',
    offset,
  };
}

/** What is said of a document that is nested deeper than `maxDepth`. */
export function tooDeep(offset: number): Finding {
  return {
    code: 'document-too-deep',
    message: `Mappings and lists are nested more than ${maxDepth} levels deep here; no Kubernetes object is.`,
    offset,
  };
}

/** What is said where a text that holds `maxDocuments` values that are no objects goes on. */
export function tooManyDocuments(offset: number): Finding {
  return {
    code: 'too-many-documents',
    message: `This text has more than ${maxDocuments.toLocaleString('en')} documents that are no objects; what stands from here on was left out.`,
    hint: 'an object has apiVersion and kind',
    offset,
  };
}

function valueFinding(text: string, problem: ValueProblem): Finding {
  const { offset } = problem;
  const value = shorten(problem.value);
  if (/\{\{/.test(text.slice(Math.max(0, offset - 2), offset + 2)))
    return syntaxFinding(text, [{ code: 'UNEXPECTED_TOKEN', message: '', offset, end: offset }], undefined);
  const place = { offset, value };
  switch (problem.kind) {
    case 'alias':
      return {
        code: 'yaml-value',
        hint: `text that starts with * stands in quotes: "*${value}"`,
        message: `The alias *${value} stands for nothing: no anchor &${value} is complete before it.`,
        ...place,
      };
    case 'expansion':
      return {
        code: 'yaml-expansion',
        message: 'The aliases of this document stand for far more than its text; Kubernetes refuses it, too.',
        hint: 'write the values out instead of repeating them with *',
        ...place,
      };
    case 'merge':
      return {
        code: 'yaml-value',
        message: '"<<" merges a mapping or a list of mappings, and this is neither.',
        ...place,
      };
    case 'key':
      return {
        code: 'yaml-value',
        message: 'Keys are text in Kubernetes; an empty key, a list or a mapping cannot be one.',
        ...place,
      };
    case 'number':
      return {
        code: 'yaml-value',
        message: `${value} is an infinite number or none to YAML, which Kubernetes cannot store.`,
        hint: `in quotes it is text: "${value}"`,
        ...place,
      };
    default:
      return problem.kind satisfies never;
  }
}
