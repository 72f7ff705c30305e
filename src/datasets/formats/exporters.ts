import type { ExportFormat } from '../../generated/prisma/enums.ts';
import { agentnet } from './agentnet.ts';
import { browserUse } from './browser-use.ts';
import { chromeRecorder } from './chrome-recorder.ts';
import type { Exporter } from './exporter.ts';
import { mind2web } from './mind2web.ts';
import { openaiChat, openaiChatVision, openaiDpo } from './openai-chat.ts';
import { parquet } from './parquet.ts';
import { playwright } from './playwright.ts';

/** Who writes which format. */
export const exporters: Record<ExportFormat, Exporter> = {
  OPENAI_CHAT: openaiChat,
  OPENAI_CHAT_VISION: openaiChatVision,
  OPENAI_DPO: openaiDpo,
  MIND2WEB: mind2web,
  CHROME_RECORDER: chromeRecorder,
  PLAYWRIGHT: playwright,
  PARQUET: parquet,
  AGENTNET: agentnet,
  BROWSER_USE: browserUse,
};
