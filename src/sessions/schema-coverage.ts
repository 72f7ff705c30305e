import { CoverageAccount } from '../contract/coverage.ts';
import { limits } from '../contract/limits.ts';
import {
  coverageCounts,
  frameCounts,
  mapWords,
  missedScreenshots,
} from '../contract/vocabulary.ts';
import { builder } from '../graphql/builder.ts';

// ── What goes out ─────────────────────────────────────────────────────────────────────────────────

const FrameCoverage = builder.objectRef<CoverageAccount['frames']>('FrameCoverage').implement({
  description: 'How much of the frames was seen.',
  fields: (t) =>
    mapWords(frameCounts, (description, word) =>
      t.int({ description, resolve: (frames) => frames[word] }),
    ),
});

const MissedScreenshots = builder
  .objectRef<CoverageAccount['missedScreenshots']>('MissedScreenshots')
  .implement({
    description: 'Pictures that the browser did not give, by the moment they were for.',
    fields: (t) =>
      mapWords(missedScreenshots, (description, word) =>
        t.int({ description, resolve: (missed) => missed[word] }),
      ),
  });

const Coverage = builder.objectRef<CoverageAccount>('CoverageAccount').implement({
  description: 'What the recorder could not see in a session, by its own account.',
  fields: (t) => ({
    frames: t.expose('frames', { type: FrameCoverage, description: 'Frames of the pages.' }),
    missedScreenshots: t.expose('missedScreenshots', {
      type: MissedScreenshots,
      description: 'Pictures that the browser did not give.',
    }),
    ...mapWords(coverageCounts, (description, word) =>
      t.int({ description, resolve: (account) => account[word] }),
    ),
    notes: t.exposeStringList('notes', { description: 'What no count tells, redacted.' }),
  }),
});

builder.prismaObjectField('Session', 'coverage', (t) =>
  t.field({
    type: Coverage,
    nullable: true,
    description:
      'What the recorder could not see. `null` until the session ends, and when the recorder did not say.',
    select: { coverage: true },
    // Parsed as at the door: an older account lacks the counts that came later.
    resolve: ({ coverage }) => (coverage === null ? null : CoverageAccount.parse(coverage)),
  }),
);

// ── What comes in ─────────────────────────────────────────────────────────────────────────────────

const absent = 'Absent means 0.';

const FrameCoverageInput = builder.inputType('FrameCoverageInput', {
  description: 'How much of the frames was seen.',
  fields: (t) => mapWords(frameCounts, (meaning) => t.int({ description: `${meaning} ${absent}` })),
});

const MissedScreenshotsInput = builder.inputType('MissedScreenshotsInput', {
  description: 'Pictures that the browser did not give, by the moment they were for.',
  fields: (t) =>
    mapWords(missedScreenshots, (meaning) => t.int({ description: `${meaning} ${absent}` })),
});

export const CoverageAccountInput = builder.inputType('CoverageAccountInput', {
  description: 'What the recorder could not see in a session. No count is negative.',
  fields: (t) => ({
    frames: t.field({
      type: FrameCoverageInput,
      required: true,
      description: 'Frames of the pages.',
    }),
    missedScreenshots: t.field({
      type: MissedScreenshotsInput,
      required: true,
      description: 'Pictures that the browser did not give.',
    }),
    ...mapWords(coverageCounts, (meaning) => t.int({ description: `${meaning} ${absent}` })),
    notes: t.stringList({
      required: true,
      description: `What no count tells: at most ${limits.coverageNotes} texts of ${limits.coverageNoteChars} characters.`,
    }),
  }),
});
