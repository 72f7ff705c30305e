import type { Rectangle } from '../../src/contract/interaction.ts';

/** A page as the recorder writes it, and where its things stand. */
export interface Marked {
  html: string;
  /** `data-cs-ref` by `data-do`; the first of each. */
  refs: Map<string, string>;
  /** By ref: what can be acted on, in CSS pixels of the page. Estimated, not measured. */
  boxes: Map<string, Rectangle>;
  /** Words and boxes for a picture. */
  drawn: { box: Rectangle; isControl: boolean }[];
  height: number;
}

/** As in `extension/capture/dom.ts`, as far as these pages have such things. */
const controls =
  /^(?:button|select|option|label)$|^(?:a|input)$|\btabindex="0"|\brole="(?:option|radio|tab|combobox)"/;
const blocks =
  /^(?:h\d|p|li|ul|div|tr|table|form|fieldset|section|article|aside|main|header|footer|nav|dl|dt|dd)$/;
const empty = /^(?:input|img)$/;
const unseen = /^(?:head|title)$/;
const tag = /<(\/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>|([^<]+)/g;

const left = 24;
const right = 1_256;
const lineHeight = 34;
const charWidth = 8;

/**
 * Writes refs, boxes and hidden marks into the HTML of these pages, as `extension/capture/snapshot.ts` does
 * in a browser. Without a browser nothing is measured: places are those of a simple flow of boxes, line by
 * line, which agree with the picture.
 */
export function mark(html: string): Marked {
  const refs = new Map<string, string>();
  const boxes = new Map<string, Rectangle>();
  const drawn: Marked['drawn'] = [];
  const parts: string[] = ['<!DOCTYPE html>'];
  const open: {
    name: string;
    ref: string;
    isControl: boolean;
    from: [number, number];
    at: number;
  }[] = [];
  let [x, y, lastRef] = [left, 8, 0];
  let hiddenDepth = 0;

  const breakLine = () => {
    if (x === left) return;
    x = left;
    y += lineHeight;
  };
  const take = (width: number): Rectangle => {
    if (x + width > right && x > left) breakLine();
    const box = { x, y, width: Math.min(width, right - left), height: lineHeight - 8 };
    x += box.width + 10;
    return box;
  };
  for (const [, end, name = '', attributes = '', text] of html.matchAll(tag)) {
    if (text !== undefined) {
      parts.push(text);
      const words = text.trim();
      if (words === '' || hiddenDepth > 0) continue;
      const isInside = open.some(({ isControl }) => isControl);
      const box = take(words.length * charWidth);
      if (!isInside) drawn.push({ box, isControl: false });
      continue;
    }
    if (end) {
      const closed = open.pop();
      if (closed && unseen.test(closed.name)) hiddenDepth -= 1;
      if (closed?.isControl) {
        const [fromX, fromY] = closed.from;
        const isOneLine = fromY === y;
        const box = {
          x: isOneLine ? fromX : left,
          y: isOneLine ? y : fromY,
          width: Math.max(24, (isOneLine ? x - fromX : right - left) - 4),
          height: lineHeight - 8 + (y - fromY),
        };
        boxes.set(closed.ref, box);
        drawn.push({ box, isControl: true });
        parts[closed.at] = `${parts[closed.at]} data-cs-box="${boxText(box)}">`;
      }
      parts.push(`</${name}>`);
      if (blocks.test(name)) breakLine();
      continue;
    }
    if (blocks.test(name)) breakLine();
    lastRef += 1;
    const ref = `e${lastRef}`;
    const key = /\sdata-do="([^"]*)"/.exec(attributes)?.[1];
    if (key !== undefined && !refs.has(plain(key))) refs.set(plain(key), ref);
    const kept = attributes.replace(/\sdata-do="[^"]*"/, '');
    if (unseen.test(name)) hiddenDepth += 1;
    const isControl = controls.test(name) || controls.test(kept);
    const start = `<${name}${kept} data-cs-ref="${ref}"${hiddenDepth > 0 ? ' data-cs-hidden' : ''}`;
    if (empty.test(name)) {
      const isSmall = /type="(?:checkbox|radio)"/.test(kept);
      const box = take(name === 'img' ? 90 : isSmall ? 20 : 240);
      boxes.set(ref, box);
      drawn.push({ box, isControl: true });
      parts.push(`${start} data-cs-box="${boxText(box)}">`);
      continue;
    }
    open.push({ name, ref, isControl, from: [x, y], at: parts.length });
    parts.push(isControl ? start : `${start}>`);
  }
  return { html: parts.join(''), refs, boxes, drawn, height: y + lineHeight };
}

function boxText({ x, y, width, height }: Rectangle): string {
  return [x, y, width, height].map(Math.round).join(',');
}

function plain(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
