/** The formats of training data and what they are for. */
export const exportFormats = {
  OPENAI_CHAT: 'OpenAI chat fine-tuning, supervised, one JSON object a line.',
  OPENAI_CHAT_VISION: 'The same with the picture from before the action, as JPEG.',
  OPENAI_DPO: 'OpenAI preference fine-tuning: the answer, and a hard negative of the same page.',
  MIND2WEB: 'Mind2Web: a task a line, and a row an action with its picture.',
  CHROME_RECORDER: 'Chrome Recorder JSON, one file a session, for replay.',
  PLAYWRIGHT: 'A Playwright test a session, with a fixture for masked values.',
  PARQUET: 'Parquet, a row a step, with a Hugging Face card.',
  AGENTNET: 'AgentNet: a trajectory a line, and its pictures.',
  BROWSER_USE: 'browser-use agent history, one file a session.',
} as const;
