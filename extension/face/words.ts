import type { FaceState, RecentSession } from '../messages.ts';

/** What the popup says of the connection. */
export function connectionWords({
  state,
  url,
  project,
}: Pick<FaceState['connection'], 'state' | 'url' | 'project'>): string {
  const server = project ?? (url ? hostOf(url) : 'the server');
  switch (state) {
    case 'unset':
      return 'Not connected to a server yet';
    case 'connecting':
      return `Connecting to ${server} …`;
    case 'connected':
      return `Connected to ${server}`;
    case 'offline':
      return `${server} cannot be reached`;
    case 'refused':
      return `${server} refuses the key`;
  }
}

/** What waits to be sent, and how that goes. */
export function queueWords(
  queue: FaceState['queue'],
  connection: FaceState['connection']['state'],
): string {
  const { interactions, uploads, bytes, oldestAgeMs, attempts } = queue;
  if (interactions + uploads === 0) return 'Everything is sent.';
  const what = [
    interactions > 0 ? countWords(interactions, 'step') : null,
    uploads > 0 ? `${countWords(uploads, 'file')} (${bytesWords(bytes)})` : null,
  ]
    .filter((part) => part !== null)
    .join(' and ');
  if (connection === 'refused') return `Kept here until the key is changed: ${what}.`;
  if (connection === 'unset') return `Kept here until a server is connected: ${what}.`;
  if (connection !== 'connected') {
    const since =
      oldestAgeMs !== null && oldestAgeMs > 60_000 ? ` for ${spanWords(oldestAgeMs)}` : '';
    return `Kept here${since}: ${what}.`;
  }
  if (attempts > 2) return `${attempts} attempts failed, the next one follows: ${what}.`;
  return `Sending ${what}.`;
}

const stageNames: Record<string, { doing: string; name: string }> = {
  redact: { name: 'Privacy', doing: 'Painting over what is private' },
  compress: { name: 'Pictures', doing: 'Making the pictures small' },
  score: { name: 'Quality', doing: 'Judging the quality' },
  examples: { name: 'Examples', doing: 'Making training examples' },
  export: { name: 'Export', doing: 'Writing the training file' },
};

/** The stages of processing, in order: what a bar shows before the server has named any. */
export const stageOrder = Object.keys(stageNames);

/** One stage in a word or two, for people. */
export function stageName(stage: string): string {
  return stageNames[stage.toLowerCase()]?.name ?? stage.toLowerCase();
}

/** What happens in processing now, in words. */
export function stageWords(stages: RecentSession['stages']): string {
  const failed = stages.find(({ state }) => lower(state) === 'failed');
  if (failed) return `The step “${stageName(failed.stage)}” failed`;
  const at = stages.find(({ state }) => /^(?:running|retrying)$/.test(lower(state)));
  if (!at) {
    const isDone = stages.length > 0 && stages.every(({ state }) => lower(state) === 'done');
    return isDone ? 'Processed' : 'Waiting for its turn';
  }
  const doing = stageNames[lower(at.stage)]?.doing ?? stageName(at.stage);
  if (lower(at.state) === 'retrying') return `${doing}: trying once more`;
  return `${doing}, ${Math.floor(at.progress * 100)} %`;
}

/** Where a session stands, in words. */
export function sessionWords(session: Pick<RecentSession, 'state' | 'stages'>): string {
  switch (lower(session.state)) {
    case 'recording':
    case 'active':
      return 'Being recorded';
    case 'paused':
      return 'Paused';
    case 'held':
      return 'Held back: waits for you';
    case 'sending':
      return 'Being sent';
    case 'stuck':
      return 'Cannot be sent';
    case 'sent':
    case 'ended':
      return 'Sent: waits for processing';
    case 'processing':
      return stageWords(session.stages);
    case 'ready':
      return 'Done: it is used for training';
    case 'needs_review':
      return 'Done: a person will look at it';
    case 'rejected':
      return 'Not used';
    case 'failed':
      return 'Processing failed; those who run the server can repeat it';
    case 'archived':
      return 'Done and archived';
    case 'discarding':
      return 'Being discarded';
    case 'discarded':
    case 'erased':
      return 'Discarded';
    default:
      return session.state.toLowerCase().replaceAll('_', ' ');
  }
}

/** @param quality 0 to 1; the bounds 0.3 and 0.6 are the server's first ones for reject and review */
export function qualityWords(quality: number): string {
  const grade =
    quality >= 0.85 ? 'Very good' : quality >= 0.6 ? 'Good' : quality >= 0.3 ? 'Fair' : 'Poor';
  return `${grade} quality, ${Math.round(quality * 100)} of 100`;
}

/** The toolbar's badge. Red is for recording alone. */
export function badgeOf(state: Pick<FaceState, 'session' | 'problem' | 'connection'>): {
  text: string;
  color: string;
  title: string;
} {
  const { session, problem, connection } = state;
  if (problem) return { text: '!', color: '#1f2a2e', title: `CodeSight: ${problem.message}` };
  if (connection.state === 'refused') {
    return { text: '!', color: '#1f2a2e', title: 'CodeSight: the server refuses the key' };
  }
  if (session?.isPaused) return { text: 'II', color: '#5c6b70', title: 'CodeSight: paused' };
  if (session) return { text: 'REC', color: '#c4281c', title: 'CodeSight is recording' };
  return { text: '', color: '#0b6b6a', title: 'CodeSight' };
}

/** What the person is told when the server is done with a session. */
export function notificationOf(
  session: Pick<RecentSession, 'task' | 'state' | 'stages' | 'quality' | 'advice'>,
): { title: string; message: string } {
  const quality = session.quality === null ? null : `${qualityWords(session.quality)}.`;
  const advice = session.advice[0] ?? null;
  return {
    title: shorten(session.task, 60),
    message: [`${sessionWords(session)}.`, quality, advice].filter(Boolean).join(' '),
  };
}

/** What can go wrong without anybody's having asked for it, with what to do. */
export const problems = {
  noConnection: {
    message: 'No server is connected.',
    advice: 'Enter its address and your key first.',
  },
  noConsent: {
    message: 'You have not agreed to be recorded.',
    advice: 'Read what is recorded, and agree.',
  },
  noTask: {
    message: 'The task is missing.',
    advice: 'Say in one sentence what you will do.',
  },
  keyRefused: {
    message: 'The server refuses the key.',
    advice: 'Ask for a new one and enter it in the options. What you record is kept here.',
  },
  noRoom: {
    message: 'This device is almost full.',
    advice: 'The oldest pictures are given up to make room. Free some space or connect the server.',
  },
  noMicrophone: {
    message: 'The microphone may not be used.',
    advice: 'Allow it in the options under “Voice”, or record without.',
  },
  microphoneLost: {
    message: 'The microphone stopped.',
    advice: 'The recording goes on without your voice. Check the microphone and start anew.',
  },
  resumed: {
    message: 'The browser was closed while it recorded.',
    advice: 'All is kept. The recording is paused: resume it, or stop it.',
  },
  protectedPage: {
    message: 'This page cannot be recorded.',
    advice: 'Browsers protect their own pages and shops for extensions. Go on with another page.',
  },
} as const;

/** `3:07`, `1:02:03`. */
export function clockWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `less than a minute`, `4 minutes`, `2 days`. */
export function spanWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return countWords(minutes, 'minute');
  if (minutes < 48 * 60) return countWords(Math.floor(minutes / 60), 'hour');
  return countWords(Math.floor(minutes / 60 / 24), 'day');
}

export function agoWords(at: string, now: number): string {
  const ms = now - Date.parse(at);
  return ms < 60_000 ? 'just now' : `${spanWords(ms)} ago`;
}

/** `812 B`, `4.2 MB`; decimal, as disks are sold. */
export function bytesWords(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power]}`;
}

export function countWords(count: number, thing: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? thing : `${thing}s`}`;
}

/** With a full stop, unless it ends with one. */
export function sentence(words: string): string {
  return /[.!?…]$/.test(words) ? words : `${words}.`;
}

export function shorten(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 1).trimEnd()}…`;
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url;
}

function lower(word: string): string {
  return word.toLowerCase();
}
