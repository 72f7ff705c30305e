import { expect, test } from 'vitest';
import {
  agoWords,
  badgeOf,
  bytesWords,
  clockWords,
  connectionWords,
  notificationOf,
  qualityWords,
  queueWords,
  sessionWords,
  spanWords,
  stageWords,
} from './words.ts';

const empty = { interactions: 0, uploads: 0, bytes: 0, oldestAgeMs: null, attempts: 0 };
const waiting = {
  interactions: 12,
  uploads: 1,
  bytes: 48_200,
  oldestAgeMs: 47 * 60_000,
  attempts: 9,
};
const stage = (name: string, state: string, progress = 0) => ({ stage: name, state, progress });

test('the connection is said by the name of the project, else of the host', () => {
  const at = { url: 'https://cs.example.org/graphql', project: null };

  expect(connectionWords({ state: 'connected', ...at })).toBe('Connected to cs.example.org');
  expect(connectionWords({ state: 'offline', ...at, project: 'Study' })).toBe(
    'Study cannot be reached',
  );
  expect(connectionWords({ state: 'unset', url: null, project: null })).toMatch(/^Not connected/);
});

test('the queue says what waits, where, and why', () => {
  expect(queueWords(empty, 'offline')).toBe('Everything is sent.');
  expect(queueWords({ ...waiting, attempts: 0 }, 'connected')).toBe(
    'Sending 12 steps and 1 file (48.2 kB).',
  );
  expect(queueWords(waiting, 'connected')).toMatch(/^9 attempts failed/);
  expect(queueWords(waiting, 'offline')).toBe(
    'Kept here for 47 minutes: 12 steps and 1 file (48.2 kB).',
  );
  expect(queueWords(waiting, 'refused')).toMatch(/^Kept here until the key is changed/);
});

test('processing is said by the stage that is at work, in either case of the server’s words', () => {
  const done = ['REDACT', 'COMPRESS'].map((name) => stage(name, 'DONE', 1));

  expect(stageWords([])).toBe('Waiting for its turn');
  expect(stageWords([...done, stage('SCORE', 'RUNNING', 0.409)])).toBe('Judging the quality, 40 %');
  expect(stageWords([stage('redact', 'retrying')])).toMatch(/trying once more$/);
  expect(stageWords([...done, stage('SCORE', 'FAILED')])).toBe('The step “Quality” failed');
  expect(stageWords(done)).toBe('Processed');
});

test('every state of a session has words, a new one of the server too', () => {
  for (const state of ['held', 'sending', 'stuck', 'sent', 'READY', 'needs_review', 'failed']) {
    expect(sessionWords({ state, stages: [] })).toMatch(/^[A-Z][a-z]/);
  }
  expect(sessionWords({ state: 'being_polished', stages: [] })).toBe('being polished');
});

test('quality has a grade', () => {
  expect([0.9, 0.6, 0.3, 0.1].map((quality) => qualityWords(quality).split(' quality')[0])).toEqual(
    ['Very good', 'Good', 'Fair', 'Poor'],
  );
});

test('the badge is red for recording alone', () => {
  const connection = {
    state: 'connected',
    url: '',
    project: null,
    participant: null,
    words: '',
  } as const;
  const session = {
    id: '',
    task: '',
    startedAt: '',
    interactions: 0,
    screenshots: 0,
    recordsAudio: false,
  };
  const recording = badgeOf({
    connection,
    problem: null,
    session: { ...session, isPaused: false },
  });
  const others = [
    badgeOf({ connection, problem: null, session: { ...session, isPaused: true } }),
    badgeOf({ connection, problem: { message: 'No room.', advice: '', at: '' }, session: null }),
    badgeOf({ connection: { ...connection, state: 'refused' }, problem: null, session: null }),
    badgeOf({ connection, problem: null, session: null }),
  ];

  expect(recording.text).toBe('REC');
  expect(others.map(({ text }) => text)).toEqual(['II', '!', '!', '']);
  expect(others.map(({ color }) => color)).not.toContain(recording.color);
});

test('a notification says how it went and what would be better', () => {
  const session = {
    task: 'Buy a jacket',
    state: 'ready',
    stages: [],
    quality: 0.5,
    advice: ['Be slow.'],
  };

  expect(notificationOf(session)).toEqual({
    title: 'Buy a jacket',
    message: 'Done: it is used for training. Fair quality, 50 of 100. Be slow.',
  });
});

test('times and sizes read as people write them', () => {
  expect([0, 59_999, 187_000, 3_723_000].map(clockWords)).toEqual([
    '0:00',
    '0:59',
    '3:07',
    '1:02:03',
  ]);
  expect([1, 60_000, 2 * 3_600_000, 72 * 3_600_000].map(spanWords)).toEqual([
    'less than a minute',
    '1 minute',
    '2 hours',
    '3 days',
  ]);
  expect(agoWords('2026-11-21T10:00:00Z', Date.parse('2026-11-21T10:00:30Z'))).toBe('just now');
  expect([0, 812, 4_200_000, 512_000_000].map(bytesWords)).toEqual([
    '0 B',
    '812 B',
    '4.2 MB',
    '512 MB',
  ]);
});
