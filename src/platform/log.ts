import { pino } from 'pino';
import { redactDeep } from '../lib/redact/deep.ts';
import { redactText } from '../lib/redact/text.ts';
import { currentTrace } from './trace.ts';

export type Log = pino.Logger;

/**
 * JSON lines on standard error. Every line goes through the redactor: an error's message may quote
 * what a participant typed.
 */
export function openLog(level: string, destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    // By which a line is found for an id that a client was told; a line that names one itself wins.
    mixin: () => {
      const trace = currentTrace();
      return trace ? { correlationId: trace.traceId } : {};
    },
    formatters: { level: (label) => ({ level: label }), log: redactLine },
    serializers: { err: (error: Error) => redactDeep(pino.stdSerializers.err(error)) },
    hooks: {
      logMethod(args, method) {
        const clean: unknown[] = args.map((arg) =>
          typeof arg === 'string' ? redactText(arg) : arg,
        );
        // Where there are no words, pino would take the error's as they are.
        const error = clean.length === 1 ? errorOf(clean[0]) : null;
        if (error) clean.push(redactText(error.message));
        method.apply(this, clean as typeof args);
      },
    },
    redact: {
      paths: [
        'authorization',
        '*.authorization',
        'headers.cookie',
        '*.token',
        '*.password',
        '*.key',
      ],
      censor: '[SECRET]',
    },
  };
  return pino(options, destination ?? pino.destination({ fd: 2, sync: false }));
}

function errorOf(line: unknown): Error | null {
  if (line instanceof Error) return line;
  const isObject = typeof line === 'object' && line !== null;
  return isObject && 'err' in line && line.err instanceof Error ? line.err : null;
}

/** An error is left whole for its serializer: a copy of it would have neither message nor stack. */
function redactLine({ err, ...rest }: Record<string, unknown>): Record<string, unknown> {
  if (err === undefined) return redactDeep(rest);
  return { ...redactDeep(rest), err: err instanceof Error ? err : redactDeep(err) };
}
