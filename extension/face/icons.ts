/** Outlines on a field of 20 × 20, drawn with a line of 1.6 in the colour of the text. */
const outlines = {
  brand: 'M7.5 5 3 10l4.5 5M12.5 5 17 10l-4.5 5M10 10h.01',
  gear: 'M3 6h6m4 0h4M3 14h3m4 0h7M11 3.8v4.4M8 11.8v4.4',
  close: 'm5.5 5.5 9 9m0-9-9 9',
  notice: 'M10 6v5m0 2.6v.1M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15Z',
  pause: 'M7.5 5v10m5-10v10',
  play: 'm7 4.8 8 5.2-8 5.2Z',
  stop: 'M6 6h8v8H6Z',
  record: 'M10 5.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Z',
  microphone:
    'M10 3a2.2 2.2 0 0 0-2.2 2.2v4.3a2.2 2.2 0 0 0 4.4 0V5.2A2.2 2.2 0 0 0 10 3ZM5.5 9.5a4.5 4.5 0 0 0 9 0M10 14v3',
  lock: 'M5.5 9h9v7.5h-9ZM7 9V6.5a3 3 0 0 1 6 0V9',
  check: 'm4.5 10.5 3.6 3.6 7.4-8',
  back: 'm12 4.5-5.5 5.5 5.5 5.5',
  next: 'm8 4.5 5.5 5.5L8 15.5',
  trash: 'M4 6h12M8 6V4h4v2M5.8 6l.7 10.5h7L14.2 6M8.6 9v4.5m2.8-4.5v4.5',
} as const;

export type IconName = keyof typeof outlines;

const svg = 'http://www.w3.org/2000/svg';

/** A picture that says nothing to a screen reader: words stand beside it. */
export function icon(name: IconName): SVGSVGElement {
  const element = document.createElementNS(svg, 'svg');
  element.setAttribute('viewBox', '0 0 20 20');
  element.setAttribute('class', `icon icon-${name}`);
  element.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svg, 'path');
  path.setAttribute('d', outlines[name]);
  element.append(path);
  return element;
}
