import { originalPositionFor, type TraceMap } from '@jridgewell/trace-mapping';
import type { Report } from '../../contract/report.ts';

type Exception = Report['exceptions'][number];
type ReportFrame = Exception['frames'][number];

/** Base name of the generated file of a frame, by which a map is found; `null` for none. */
export function generatedFileOf({ file }: Pick<ReportFrame, 'file'>): string | null {
  const base = (file ?? '')
    .replace(/[?#].*$/s, '')
    .split(/[/\\]/)
    .at(-1);
  return base ? base : null;
}

/**
 * The stack as it was written: files and lines of the sources in place of the built ones. A built
 * function's own name is worth nothing; that of a source is read at the place of its caller, where the
 * map knows what was called. Frames without a map stay. Pure.
 *
 * @param frames the innermost last
 * @param mapOf the map of a generated file, or `null`
 */
export function mapFrames(
  frames: readonly ReportFrame[],
  mapOf: (file: string) => TraceMap | null,
): ReportFrame[] {
  const found = frames.map((frame) => {
    const file = generatedFileOf(frame);
    const map = file ? mapOf(file) : null;
    if (!map || !frame.line) return null;
    const at = originalPositionFor(map, {
      line: frame.line,
      column: Math.max(0, (frame.column ?? 1) - 1),
    });
    return at.source === null ? null : at;
  });
  return frames.map((frame, index) => {
    const at = found[index];
    if (!at) return frame;
    const caller = index > 0 ? found[index - 1] : null;
    return {
      ...frame,
      file: at.source,
      function: caller?.name ?? null,
      line: at.line,
      column: at.column + 1,
      // A map says where code comes from: what was said of the built file does not hold for it.
      isInApp: null,
    };
  });
}
