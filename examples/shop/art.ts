import { drawGarment, type Kind } from './garments.ts';
import { escapeText, type Html, raw } from './html.ts';

const hues = { Blue: 36, Green: 42, Yellow: 205, Red: 190, Grey: 28, Black: 24, Natural: 150 };

/**
 * A picture of one thing before hills. Hidden from assistive technology unless it has a `label`.
 *
 * The hills reach past the box, for frames that are wider than high. The backdrop takes a hue opposite to the colour, so that every
 * colour stands out.
 */
export function picture(
  thing: { kind: Kind; colour: { hex: string; family: string } },
  label?: string,
): Html {
  const { kind, colour } = thing;
  const hue = hues[colour.family as keyof typeof hues] ?? 40;
  const named = label ? `role="img" aria-label="${escapeText(label)}"` : 'aria-hidden="true"';
  return raw(`<svg class="art" viewBox="0 0 240 240" style="--hue:${hue}" ${named}>
<rect class="art-sky" x="-60" width="360" height="240"/><circle class="art-sun" cx="176" cy="70" r="34"/>
<path class="art-far" d="M-60 130L0 168L52 122L92 156L142 108L198 158L240 130L300 176V240H-60Z"/>
<path class="art-near" d="M-60 206Q30 178 120 200T300 192V240H-60Z"/>
${drawGarment(kind, colour.hex)}</svg>`);
}

/** The hills at dusk behind the headline of the home page. */
export function landscape(): Html {
  return raw(`<svg class="landscape" viewBox="0 0 1200 420" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
<defs><linearGradient id="dusk" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#23424a"/>
<stop offset=".5" stop-color="#86aea4"/><stop offset="1" stop-color="#f0c88a"/></linearGradient></defs>
<rect width="1200" height="420" fill="url(#dusk)"/><circle cx="880" cy="216" r="62" fill="#f8dfae" opacity=".9"/>
<path d="M0 300L130 214L220 268L380 150L520 262L640 206L790 290L930 196L1060 268L1200 190V420H0Z" fill="#4d7575"/>
<path d="M380 150L420 182L392 190L370 178L352 171Z" fill="#e9e4d4" opacity=".75"/>
<path d="M930 196L962 214L936 224L914 208Z" fill="#e9e4d4" opacity=".7"/>
<path d="M0 340L170 268L330 332L500 282L700 346L880 276L1040 334L1200 284V420H0Z" fill="#34595a"/>
<path d="M700 346Q760 336 820 348T960 346L930 366H720Z" fill="#c9d6c6" opacity=".5"/>
<path d="M0 376Q200 326 420 372T820 372T1200 352V420H0Z" fill="#1e3c3c"/>
${[60, 92, 118, 1010, 1046, 1074, 1120, 1150].map((x, i) => pine(x, 386 - (i % 3) * 8, 1 + (i % 3) * 0.2)).join('')}</svg>`);
}

function pine(x: number, y: number, scale: number): string {
  const at = `translate(${x} ${y}) scale(${scale.toFixed(1)})`;
  return `<path transform="${at}" d="M0-62L12-38H6L18-16H9L22 10H-22L-9-16H-18L-6-38H-12Z" fill="#142c2c"/>`;
}

const strokes = {
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5L21 21',
  cart: 'M6 8h12l1.2 12H4.8ZM9 10V7a3 3 0 0 1 6 0v3',
  heart: 'M12 20S4 15 4 9.2A4.2 4.2 0 0 1 12 7a4.2 4.2 0 0 1 8 2.2C20 15 12 20 12 20Z',
  close: 'M6 6l12 12M18 6L6 18',
  trash: 'M5 7h14M10 4h4M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  plus: 'M12 6v12M6 12h12',
  minus: 'M6 12h12',
  ruler: 'M3 15L15 3l6 6L9 21ZM7 11l2 2M10 8l3 3M13 5l2 2',
  truck:
    'M2 7h12v9H2ZM14 10h4l4 3v3h-8M6.5 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM17.5 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  leaf: 'M5 19C4 10 10 5 20 4c0 10-5 15-13 13M5 20c2-6 5-9 9-11',
  repair: 'M14 6a4 4 0 0 1 5-2l-3 3 1 2 3-1a4 4 0 0 1-6 4l-7 8-3-3 8-7a4 4 0 0 1 2-4Z',
  lock: 'M6 11h12v9H6ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  check: 'M5 12.5l4.5 4.5L19 7.5',
};

export function icon(name: keyof typeof strokes): Html {
  return raw(
    `<svg class="icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="${strokes[name]}"/></svg>`,
  );
}
