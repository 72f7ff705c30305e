/**
 * What a participant agrees to. Change a word and the version must change too: the server keeps the
 * hash of the text under its version.
 */
export const consentText = {
  version: '2026-11-1',
  locale: 'en',
  /** Paragraphs are divided by an empty line; a line that starts with `# ` is a heading. */
  text: `# What this is for

CodeSight records how you do a task in this browser. The recording is used to teach computer programs how people use web pages.

# When it records

Only between “Start recording” and “Stop”, and not while it is paused. The icon in the toolbar shows REC for as long as it records. It never records in incognito windows, nor on the sites that you exclude.

# What it records

What you do on web pages: clicks, typing, scrolling, keys, pages and tabs that you open. Pictures of the tab in front, before and after what you do. The text and structure of those pages. Your voice, only if you switch that on.

# What it never records

Passwords, one-time codes and payment details: not even their length. Your clipboard: only the fact that you copied or pasted; what you paste into a page is then part of that page. The names of files that you choose or download.

Your fields with names, addresses, e-mail addresses, telephone numbers and the like are masked in this browser, in pictures and in text, before anything is stored. A mask can miss something: hold a session back when you want to look at it first.

# Where it goes

To the server that you connected, over an encrypted connection, and nowhere else. It is kept on this device until that server has it.

# What you can do

Hold a session back, look at it, and discard it. Ask those who run the server to remove a session that was sent. Withdraw this agreement at any time in the options: nothing is recorded from then on. What was sent before stays until you ask for its removal.`,
};

/** What the popup says in short, above the link to the full text. */
export const consentSummary = [
  'Records your clicks, typing, pages and pictures of the tab, only between Start and Stop.',
  'Never passwords, one-time codes or payment details. Personal fields are masked on this device.',
  'Goes to the server you connected, and nowhere else.',
  'You can pause, exclude sites, look at a session before it is sent, and withdraw at any time.',
];
