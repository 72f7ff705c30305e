import { pino } from 'pino';
import { redactDeep } from '../lib/redact/deep.ts';
import { redactText } from '../lib/redact/text.ts';

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
    formatters: { level: (label) => ({ level: label }), log: (line) => redactDeep(line) },
    serializers: { err: (error: Error) => redactDeep(pino.stdSerializers.err(error)) },
    hooks: {
      logMethod(args, method) {
        const clean = args.map((arg) => (typeof arg === 'string' ? redactText(arg) : arg));
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
