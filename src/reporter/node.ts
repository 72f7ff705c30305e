import { host } from './host.ts';
import { openWith, type Reporter, type ReporterOptions, type Watcher } from './reporter.ts';
import { fileStore } from './store-files.ts';

export type { Reporter, ReporterOptions } from './reporter.ts';

/**
 * Opens a reporter in Node. Once per process.
 *
 * @param folder where reports wait, also over the end of the process; without it they wait in memory
 */
export function openReporter(options: ReporterOptions & { folder?: string }): Reporter {
  const { folder } = options;
  return openWith(options, {
    store: () => (folder ? fileStore(folder) : null),
    watch,
    storage: () => null,
    runtime: `Node ${host.process?.version}`,
  });
}

/**
 * Sees what is about to end the process, without a part in whether it does. A rejection comes that way,
 * too, unless somebody listens for rejections; then, and only then, we listen as well.
 */
function watch({ errors, capture }: Watcher): () => void {
  const { process } = host;
  if (!errors || !process) return () => {};
  const fatal = (error: unknown) => capture(error, { severity: 'CRITICAL' });
  const rejected = (reason: unknown) => capture(reason, {});
  let isListening = false;
  const adapt = (): void => {
    const others = process.listenerCount('unhandledRejection') - Number(isListening);
    if (others > 0 === isListening) return;
    isListening = others > 0;
    process[isListening ? 'on' : 'off']('unhandledRejection', rejected);
  };
  // `newListener` comes before the listener is there.
  const changed = (name: string, listener: unknown): void => {
    if (name === 'unhandledRejection' && listener !== rejected) queueMicrotask(adapt);
  };
  const listeners = {
    uncaughtExceptionMonitor: fatal,
    newListener: changed,
    removeListener: changed,
  };
  for (const [name, listener] of Object.entries(listeners)) process.on(name, listener);
  adapt();
  return () => {
    for (const [name, listener] of Object.entries(listeners)) process.off(name, listener);
    process.off('unhandledRejection', rejected);
  };
}
