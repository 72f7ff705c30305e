/** Limits of the wire. The server refuses what is over them; a client keeps within them. */
export const limits = {
  /** Interactions in one `recordInteractions`. */
  interactionsPerCall: 200,
  /** JSON of one interaction, in UTF-16 code units. */
  interactionChars: 65_536,
  /** Address of a page, in UTF-16 code units. */
  urlChars: 4_096,
  /** Title, role, name, task: in UTF-16 code units. */
  nameChars: 1_024,
  /** Selectors of one interaction. */
  selectorsPerInteraction: 24,
  /** One selector, in UTF-16 code units. */
  selectorChars: 2_048,
  /** Highest sequence, so that gaps stay countable. */
  sequence: 1_000_000,
  /** Screenshots in one `recordScreenshots`. */
  screenshotsPerCall: 50,
  /** Masked rectangles of one screenshot. */
  masksPerScreenshot: 500,
  /** Snapshots in one `recordSnapshots`. */
  snapshotsPerCall: 50,
  /** HTML of one snapshot, in bytes. */
  snapshotBytes: 8 * 1024 * 1024,
  /** Audio clips in one `recordAudioClips`. */
  audioClipsPerCall: 20,
  /** Ids in one `confirmUploads`. */
  uploadsPerCall: 100,
  /** Images, snapshots and audio clips listed as dropped when a session ends. */
  droppedPerSession: 10_000,
  /** Notes of one account of coverage. */
  coverageNotes: 50,
  /** One of them, in UTF-16 code units. */
  coverageNoteChars: 300,
} as const;
