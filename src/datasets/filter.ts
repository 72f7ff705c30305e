import * as z from 'zod';
import { shortText } from '../contract/text.ts';
import { sessionKinds, wordsOf } from '../contract/vocabulary.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { escapePattern } from '../graphql/input.ts';

const words = z.array(shortText).max(1_000);
const ratio = z.number().min(0).max(1);

/** Which sessions a dataset takes. What is absent does not restrict. */
export const DatasetFilter = z.object({
  sessionIds: z.array(z.uuid().toLowerCase()).max(10_000).nullish(),
  /** Sites on which a session begins. */
  sites: words.nullish(),
  kinds: z.array(z.enum(wordsOf(sessionKinds))).nullish(),
  taskContains: shortText.nullish(),
  /** Scores, both included. */
  qualityFrom: ratio.nullish(),
  qualityTo: ratio.nullish(),
  /** With one of these labels at least. */
  labels: words.nullish(),
  /** With none of these labels. */
  withoutLabels: words.nullish(),
  licences: words.nullish(),
  startedFrom: z.coerce.date().nullish(),
  startedBefore: z.coerce.date().nullish(),
  /** Whether a consent is named. */
  hasConsent: z.boolean().nullish(),
  consentVersions: words.nullish(),
  /** Whether what came back from deployed models may be in it; left out by default. */
  includeOutcomes: z.boolean().nullish(),
});

export const Splitting = z
  .object({
    validation: ratio.default(0.1),
    test: ratio.default(0.1),
    seed: z.string().max(200).default('codesight'),
    validationSites: words.default([]),
    testSites: words.default([]),
  })
  .refine(({ validation, test }) => validation + test <= 1, {
    message: 'expected shares of validation and test that leave something, got more than 1',
  });

export type DatasetFilter = z.infer<typeof DatasetFilter>;

/**
 * Sessions of a project that a dataset may take: READY, with an example at least, not under a consent that
 * was withdrawn.
 */
export function chosenBy(projectId: string, filter: DatasetFilter): Prisma.SessionWhereInput {
  const { sessionIds, sites, kinds, taskContains, labels, withoutLabels, licences } = filter;
  const { qualityFrom, qualityTo, startedFrom, startedBefore, hasConsent, consentVersions } =
    filter;
  // The score is of recordings; an outcome was judged by whoever reported it.
  const scored = (score: Prisma.FloatFilter): Prisma.SessionWhereInput => ({
    OR: [{ quality: { score } }, { source: 'OUTCOME' }],
  });
  const all: Prisma.SessionWhereInput[] = [
    { OR: [{ consentId: null }, { consent: { withdrawnAt: null } }] },
  ];
  if (sessionIds) all.push({ id: { in: sessionIds } });
  if (sites) all.push({ site: { in: sites } });
  if (kinds) all.push({ kind: { in: kinds } });
  if (taskContains)
    all.push({ task: { contains: escapePattern(taskContains), mode: 'insensitive' } });
  if (!filter.includeOutcomes) all.push({ source: 'RECORDED' });
  if (qualityFrom != null) all.push(scored({ gte: qualityFrom }));
  if (qualityTo != null) all.push(scored({ lte: qualityTo }));
  if (labels) all.push({ label: { labels: { hasSome: labels.map(labelOf) } } });
  if (withoutLabels)
    all.push({
      OR: [
        { label: null },
        { label: { NOT: { labels: { hasSome: withoutLabels.map(labelOf) } } } },
      ],
    });
  if (licences) all.push({ label: { licence: { in: licences } } });
  if (startedFrom) all.push({ startedAt: { gte: startedFrom } });
  if (startedBefore) all.push({ startedAt: { lt: startedBefore } });
  if (hasConsent != null) all.push({ consentId: hasConsent ? { not: null } : null });
  if (consentVersions) all.push({ consent: { version: { in: consentVersions } } });
  return { projectId, state: 'READY', examples: { some: {} }, AND: all };
}

/** A label as it is kept. */
export function labelOf(text: string): string {
  return text.trim().toLowerCase();
}
