import { type ReportCategory, reportCategories } from '../../contract/report.ts';
import { InvalidInputError } from '../../lib/errors.ts';

/**
 * A project's own rules of grouping, one a line: `matcher… -> action`. `#` begins a comment.
 *
 * Matchers, all of which must fit: `type:`, `message:`, `function:`, `file:`, `category:`, `service:`,
 * each with a pattern in which `*` stands for any characters; in double quotes where it holds spaces.
 * `!` before a matcher turns it round. `function:` and `file:` look at each frame, the others at the
 * report: class and message of any of the chained errors.
 *
 * Actions: `fingerprint PART…` groups by the parts instead; `{{ default }}`, `{{ type }}`,
 * `{{ message }}`, `{{ function }}`, `{{ file }}` and `{{ category }}` stand for what the report says.
 * The first such rule that fits decides. `in-app` and `not-in-app` say whose a frame is, `wrapper` that
 * it is shared by many troubles, so that the message counts too; of these the last that fits decides.
 */
export type GroupingRule = {
  /** As it was written. */
  text: string;
  matchers: Matcher[];
  action: { kind: 'fingerprint'; parts: string[] } | { kind: 'in-app' | 'not-in-app' | 'wrapper' };
};

type Matcher = { what: What; isNegated: boolean; pattern: RegExp };
type What = (typeof subjects)[number];

/** What of a report rules look at. */
export type RuleSubject = {
  types: string[];
  messages: string[];
  category: ReportCategory;
  service: string;
};

/** What of a frame rules look at: names as they came. */
export type RuleFrame = { file: string; function: string };

const subjects = ['type', 'message', 'function', 'file', 'category', 'service'] as const;
const variables = ['default', 'type', 'message', 'function', 'file', 'category'];
const maxRules = 200;
const maxChars = 20_000;

/**
 * @throws {InvalidInputError} naming the line that is none of the language
 */
export function parseRules(text: string, field = 'groupingRules'): GroupingRule[] {
  if (text.length > maxChars)
    throw new InvalidInputError(
      field,
      `Expected at most ${maxChars} characters, got ${text.length}.`,
    );
  const rules = text
    .split('\n')
    .map((line, index) => ({ line: line.replace(/(?:^|\s)#.*$/, '').trim(), number: index + 1 }))
    .filter(({ line }) => line !== '')
    .map(({ line, number }) => parseRule(line, number, field));
  if (rules.length > maxRules)
    throw new InvalidInputError(field, `Expected at most ${maxRules} rules, got ${rules.length}.`);
  return rules;
}

/** Whether the report fits, and, for a rule that looks at frames, this frame of it. */
export function fits(rule: GroupingRule, report: RuleSubject, frame: RuleFrame | null): boolean {
  return rule.matchers.every(({ what, isNegated, pattern }) => {
    const values = valuesOf(what, report, frame);
    return values.some((value) => pattern.test(value)) !== isNegated;
  });
}

export function looksAtFrames({ matchers }: GroupingRule): boolean {
  return matchers.some(({ what }) => what === 'file' || what === 'function');
}

/** A pattern with `*` for any characters, for the whole text, whatever its case. */
export function globOf(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  // Of several stars in a row one is enough; more would make matching slow.
  return new RegExp(`^${parts.join('*').replaceAll(/\*+/g, '[\\s\\S]*?')}$`, 'i');
}

function valuesOf(what: What, report: RuleSubject, frame: RuleFrame | null): string[] {
  switch (what) {
    case 'type':
      return report.types;
    case 'message':
      return report.messages;
    case 'category':
      return [report.category];
    case 'service':
      return [report.service];
    case 'file':
      return frame ? [frame.file, frame.file.split(/[/\\]/).at(-1) ?? ''] : [];
    case 'function':
      return frame ? [frame.function, frame.function.split('.').at(-1) ?? ''] : [];
  }
}

function parseRule(line: string, number: number, field: string): GroupingRule {
  const refuse = (message: string): never => {
    throw new InvalidInputError(field, `Line ${number}: ${message}`);
  };
  const [left, right, ...more] = line.split('->').map((side) => side.trim());
  if (!left || !right || more.length > 0) return refuse('expected `matcher… -> action`.');
  const matchers = [...left.matchAll(/(!?)(\w+):(?:"([^"]*)"|(\S+))|(\S+)/g)].map(
    ([, not, name = '', quoted, plain, stray]): Matcher => {
      const what = subjects.find((subject) => subject === name);
      if (stray || !what)
        return refuse(
          `expected one of ${subjects.join(', ')} with a pattern, got ${stray ?? name}.`,
        );
      const pattern = quoted ?? plain ?? '';
      if ((pattern.match(/\*/g) ?? []).length > 5)
        refuse('expected at most five `*` in a pattern.');
      if (
        what === 'category' &&
        !pattern.includes('*') &&
        !reportCategories.some((known) => known === pattern)
      )
        refuse(`expected a category, got ${pattern}.`);
      return { what, isNegated: not === '!', pattern: globOf(pattern) };
    },
  );
  const [action = '', ...rest] = [...right.matchAll(/\{\{\s*\w+\s*\}\}|"[^"]*"|\S+/g)].map(
    ([word]) => word,
  );
  if (action === 'in-app' || action === 'not-in-app' || action === 'wrapper') {
    if (rest.length > 0) refuse(`expected nothing after ${action}.`);
    return { text: line, matchers, action: { kind: action } };
  }
  if (action !== 'fingerprint' || rest.length === 0 || rest.length > 16)
    return refuse(
      'expected `fingerprint` with 1 to 16 parts, `in-app`, `not-in-app` or `wrapper`.',
    );
  const parts = rest.map((part) =>
    part.replace(/^"([\s\S]*)"$/, '$1').replace(/^\{\{\s*(\w+)\s*\}\}$/, '{{ $1 }}'),
  );
  for (const part of parts) {
    const name = /^\{\{ (\w+) \}\}$/.exec(part)?.[1];
    if (name && !variables.includes(name))
      refuse(`expected one of ${variables.join(', ')} in braces, got ${name}.`);
  }
  return { text: line, matchers, action: { kind: 'fingerprint', parts } };
}
