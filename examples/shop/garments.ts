import { shade } from './colours.ts';

export type Kind = keyof typeof drawings;

interface Dye {
  base: string;
  dark: string;
  deep: string;
  light: string;
}

/** Draws one thing in a 240 by 240 box, in tones of one colour. */
export function drawGarment(kind: Kind, hex: string): string {
  return drawings[kind]({
    base: hex,
    dark: shade(hex, -0.2),
    deep: shade(hex, -0.42),
    light: shade(hex, 0.24),
  });
}

const TORSO =
  'M95 70 L76 79 Q82 140 78 202 Q120 210 162 202 Q158 140 164 79 L145 70 Q120 88 95 70Z';
const RIGHT_HALF = 'M120 81 Q134 80 145 70 L164 79 Q158 140 162 202 Q140 206 120 206Z';
const SLEEVE = 'M79 78 Q62 84 56 106 L40 180 Q49 188 63 187 L82 126Z';
const SHADOW = '<ellipse cx="120" cy="216" rx="62" ry="7" fill="#000" opacity=".1"/>';

const drawings = {
  shell: (dye: Dye) =>
    coat(dye) +
    hood(dye) +
    `<path d="M120 84V206" stroke="${dye.deep}" stroke-width="3"/>
<path d="M126 88V205" stroke="${dye.light}" stroke-width="1" opacity=".6"/>
${twice(line('M92 152 L84 178', dye.deep, 3))}
<path d="M133 112h17v22h-17z" fill="${dye.dark}" opacity=".55"/>${line('M133 112h17', dye.light, 2)}`,
  anorak: (dye: Dye) =>
    coat(dye) +
    hood(dye) +
    `<path d="M120 84V130" stroke="${dye.deep}" stroke-width="3"/>
<path d="M88 138H152L158 186H82Z" fill="${dye.dark}"/>
<path d="M88 138H152L153 150H87Z" fill="${dye.light}"/>
<circle cx="120" cy="146" r="2.6" fill="${dye.deep}"/>${line('M80 128Q120 133 160 128', dye.deep, 1.5)}`,
  windbreaker: (dye: Dye) =>
    coat(dye) +
    `<path d="M77 82Q120 124 163 82L161 116Q120 142 79 116Z" fill="${dye.light}"/>
<path d="M97 70Q94 58 101 54H139Q146 58 143 70Q120 88 97 70Z" fill="${dye.dark}"/>
<path d="M120 74V206" stroke="${dye.deep}" stroke-width="3"/>
${twice(line('M92 158 L85 180', dye.deep, 3))}`,
  puffer: (dye: Dye) =>
    coat(dye) +
    quilt(dye) +
    [104, 124, 144, 164].map((y) => twice(seam(dye, 63 - (y - 104) / 3.4, y))).join('') +
    collar(dye) +
    `<path d="M120 66V206" stroke="${dye.deep}" stroke-width="3"/>`,
  vest: (dye: Dye) =>
    `${SHADOW}<path d="${TORSO}" fill="${dye.base}"/>
<path d="${RIGHT_HALF}" fill="#000" opacity=".08"/>${quilt(dye)}
${twice(line('M77 80Q90 104 81 128', dye.deep, 5))}${collar(dye)}
<path d="M120 66V206" stroke="${dye.deep}" stroke-width="3"/>`,
  fleece: (dye: Dye) =>
    coat(dye) +
    collar(dye) +
    `<path d="M77 82L95 70Q120 88 145 70L163 82L161 108Q120 118 79 108Z" fill="${dye.dark}"/>
<path d="M120 66V206" stroke="${dye.deep}" stroke-width="3"/>
<path d="M132 116h22v26h-22z" fill="${dye.deep}"/>${line('M132 122h22', dye.light, 2)}
${[150, 168, 186].map((y) => tufts(dye, y)).join('')}`,
  tee: (dye: Dye) =>
    `${SHADOW}<path d="M95 66L66 78L44 112L66 128L80 112Q82 160 79 204Q120 211 161 204Q158 160 160 112
L174 128L196 112L174 78L145 66Q120 86 95 66Z" fill="${dye.base}"/>
<path d="M95 66Q120 86 145 66L141 64Q120 79 99 64Z" fill="${dye.deep}"/>
${twice(line('M49 108L69 123', dye.dark, 3))}${line('M79 197Q120 204 161 197', dye.dark, 2)}
<path d="M120 77Q134 76 145 66L174 78L196 112L174 128L160 112Q158 160 161 204Q140 208 120 208Z"
 fill="#000" opacity=".07"/>`,
  trousers: (dye: Dye) => SHADOW + legs(dye, 212),
  shorts: (dye: Dye) =>
    `${SHADOW}<g transform="translate(-24 20) scale(1.2)">${legs(dye, 152)}</g>`,
  boot: (dye: Dye) =>
    `${SHADOW}<path d="M76 62Q100 56 124 62L126 118Q140 138 178 146Q196 152 196 182H68Q78 120 76 62Z"
 fill="${dye.base}"/><path d="M68 182Q70 160 73 140Q92 150 96 182Z" fill="${dye.dark}"/>
<path d="M158 140Q196 144 196 182H150Q146 158 158 140Z" fill="${dye.dark}"/>
<path d="M74 60Q100 52 126 60V76Q100 70 75 76Z" fill="${dye.deep}"/>
${[86, 102, 118].map((y) => line(`M104 ${y}L128 ${y + 6}`, dye.light, 3)).join('')}
${line('M110 130L142 136', dye.light, 3)}
<path d="M64 182H198V196H186L182 202H168L164 196H108L104 202H70L64 196Z" fill="#3b322b"/>`,
  shoe: (dye: Dye) =>
    `${SHADOW}<path d="M48 116Q60 108 76 116Q90 128 110 112L122 108Q140 142 184 150Q204 156 203 184H44Q38
 142 48 116Z" fill="${dye.base}"/><path d="M44 184Q40 150 50 130Q76 144 84 184Z" fill="${dye.dark}"/>
<path d="M166 146Q204 152 203 184H160Q154 160 166 146Z" fill="${dye.dark}"/>
<path d="M92 184Q112 152 132 132L142 142Q124 158 112 184Z" fill="${dye.light}" opacity=".85"/>
${['M112 118L130 124', 'M120 132L140 136', 'M130 144L152 146'].map((d) => line(d, '#fff', 3)).join('')}
<path d="M40 182H206Q208 196 196 198H52Q40 196 40 182Z" fill="#efe9df"/>
<path d="M44 196H202L198 205H188L184 199H166L162 205H148L144 199H104L100 205H86L82 199H66L62 205H50Z"
 fill="${dye.deep}"/>`,
  pack: (dye: Dye) =>
    `${SHADOW}<path d="M104 44Q120 28 136 44" fill="none" stroke="${dye.deep}" stroke-width="6"/>
${twice(`<path d="M72 92Q54 110 58 160L70 168V96Z" fill="${dye.deep}"/>`)}
<path d="M70 84Q72 42 120 42Q168 42 170 84L176 190Q176 208 158 208H82Q64 208 64 190Z" fill="${dye.base}"/>
<path d="M120 42Q168 42 170 84L176 190Q176 208 158 208H120Z" fill="#000" opacity=".08"/>
<path d="M70 82Q72 42 120 42Q168 42 170 82Q120 110 70 82Z" fill="${dye.dark}"/>
<path d="M82 136Q120 126 158 136L162 190Q120 202 78 190Z" fill="${dye.dark}"/>
${line('M84 148Q120 138 156 148', dye.light, 3)}${twice(line('M98 92V132', dye.deep, 6))}
<path d="M110 104h20v14h-20z" rx="2" fill="${dye.light}"/>`,
  beanie: (dye: Dye) =>
    `${SHADOW}<path d="M62 150Q58 62 120 58Q182 62 178 150Z" fill="${dye.base}"/>
${[82, 101, 120, 139, 158].map((x) => line(`M${120 + (x - 120) * 0.3} 62Q${x} 96 ${x} 150`, dye.dark, 3)).join('')}
<rect x="54" y="142" width="132" height="48" rx="14" fill="${dye.dark}"/>
${[70, 86, 102, 118, 134, 150, 166].map((x) => line(`M${x} 148V184`, dye.base, 3)).join('')}
<rect x="108" y="156" width="24" height="18" rx="2" fill="#f2ead9"/>`,
  cap: (dye: Dye) =>
    `${SHADOW}<path d="M54 154Q52 78 118 76Q176 78 178 154Z" fill="${dye.base}"/>
<path d="M118 76Q176 78 178 154H126Q128 104 118 76Z" fill="${dye.dark}" opacity=".6"/>
<path d="M120 146Q190 138 222 176Q218 184 206 182Q160 164 54 166Q50 158 54 152Z" fill="${dye.dark}"/>
${line('M118 78Q88 96 86 150', dye.dark, 2)}<circle cx="118" cy="76" r="5" fill="${dye.deep}"/>
${line('M130 158Q184 156 214 178', dye.light, 1.5)}`,
  bottle: (dye: Dye) =>
    `${SHADOW}<rect x="103" y="30" width="34" height="28" rx="6" fill="#2f3237"/>
<path d="M108 30Q120 14 132 30" fill="none" stroke="#2f3237" stroke-width="6"/>
<path d="M104 56H136Q140 74 154 84Q160 90 160 100V198Q160 212 146 212H94Q80 212 80 198V100Q80 90 86 84
Q100 74 104 56Z" fill="${dye.base}"/><path d="M132 56h4Q140 74 154 84Q160 90 160 100V198Q160 212 146 212H130
Q142 150 132 56Z" fill="#000" opacity=".14"/><path d="M92 104V192" stroke="${dye.light}" stroke-width="7"
 stroke-linecap="round"/><path d="M108 150L120 130L132 150Z" fill="#fff" opacity=".85"/>
<path d="M80 192H160V198Q160 212 146 212H94Q80 212 80 198Z" fill="${dye.dark}"/>`,
};

function coat(dye: Dye): string {
  return `${SHADOW}${twice(`<path d="${SLEEVE}" fill="${dye.dark}"/>
<path d="M42 172L40 180Q49 188 63 187L66 178Q52 179 42 172Z" fill="${dye.deep}"/>`)}
<path d="${TORSO}" fill="${dye.base}"/><path d="${RIGHT_HALF}" fill="#000" opacity=".08"/>
<path d="M78 195Q120 203 162 195V202Q120 210 78 202Z" fill="${dye.dark}"/>`;
}

function hood(dye: Dye): string {
  return `<path d="M92 72Q86 30 120 30Q154 30 148 72Q120 100 92 72Z" fill="${dye.dark}"/>
<path d="M102 70Q98 44 120 44Q142 44 138 70Q120 86 102 70Z" fill="${dye.deep}"/>
${twice(line('M108 82V104', dye.light, 2))}`;
}

function collar(dye: Dye): string {
  return `<path d="M96 72Q92 54 100 50H140Q148 54 144 72Q120 88 96 72Z" fill="${dye.dark}"/>
<path d="M104 56Q120 64 136 56L134 50H106Z" fill="${dye.deep}"/>`;
}

function quilt(dye: Dye): string {
  return [98, 116, 134, 152, 170, 188]
    .map((y) => line(`M79 ${y}Q100 ${y + 9} 120 ${y + 4}Q140 ${y + 9} 161 ${y}`, dye.dark, 3))
    .join('');
}

function seam(dye: Dye, x: number, y: number): string {
  return line(`M${x.toFixed(1)} ${y}l18 6`, dye.deep, 2.5);
}

function tufts(dye: Dye, y: number): string {
  return line(`M86 ${y}q5 5 10 0t10 0t10 0M128 ${y}q5 5 10 0t10 0`, dye.light, 2);
}

function legs(dye: Dye, hem: number): string {
  const spread = (hem - 60) / 9;
  return `<path d="M84 40H156L${164 + spread / 2} ${hem}H${130 + spread / 2}L120 96L${110 - spread / 2} ${hem}H${76 - spread / 2}Z"
 fill="${dye.base}"/><path d="M120 40H156L${164 + spread / 2} ${hem}H${130 + spread / 2}L120 96Z" fill="#000" opacity=".09"/>
<path d="M84 40H156L157 54H83Z" fill="${dye.dark}"/><path d="M116 42h8v10h-8z" fill="${dye.light}"/>
${line('M120 54V96', dye.deep, 2)}${twice(line('M100 56Q98 78 81 84', dye.deep, 3))}
${hem > 200 ? twice(`<path d="M80 132L106 130L103 160L77 162Z" fill="${dye.dark}" opacity=".6"/>`) : ''}
${twice(line(`M${77 - spread / 2} ${hem - 7}H${109 - spread / 2}`, dye.dark, 3))}`;
}

function line(d: string, stroke: string, width: number): string {
  return `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round"/>`;
}

/** The same thing on the left and mirrored on the right. */
function twice(markup: string): string {
  return `${markup}<g transform="matrix(-1 0 0 1 240 0)">${markup}</g>`;
}
