import { newId } from '../lib/ids.ts';
import { resolveSelector } from '../lib/page/selector.ts';
import type { App } from '../platform/app.ts';
import type { JobRun } from '../platform/queue.ts';
import { runStage } from '../processing/stage.ts';
import { applyChange, lockSession } from '../sessions/change.ts';
import type { SessionIds } from '../sessions/events.ts';
import { sessionScored } from './events.ts';
