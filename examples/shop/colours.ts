export interface Colour {
  id: string;
  name: string;
  /** What people filter by; several colours share one. */
  family: string;
  hex: string;
}

export const colours = {
  tarn: { id: 'tarn', name: 'Tarn Blue', family: 'Blue', hex: '#2f74a6' },
  midnight: { id: 'midnight', name: 'Midnight Blue', family: 'Blue', hex: '#2b3f66' },
  glacier: { id: 'glacier', name: 'Glacier', family: 'Blue', hex: '#8db9d1' },
  pine: { id: 'pine', name: 'Pine', family: 'Green', hex: '#2b5c48' },
  moss: { id: 'moss', name: 'Moss', family: 'Green', hex: '#76894f' },
  ochre: { id: 'ochre', name: 'Ochre', family: 'Yellow', hex: '#d9a032' },
  rust: { id: 'rust', name: 'Rust', family: 'Red', hex: '#b9552f' },
  berry: { id: 'berry', name: 'Berry', family: 'Red', hex: '#8c2f4b' },
  slate: { id: 'slate', name: 'Slate', family: 'Grey', hex: '#6d7883' },
  ink: { id: 'ink', name: 'Ink', family: 'Black', hex: '#34373d' },
  oat: { id: 'oat', name: 'Oat', family: 'Natural', hex: '#d6c4a2' },
} satisfies Record<string, Colour>;

export const colourFamilies = ['Blue', 'Green', 'Yellow', 'Red', 'Grey', 'Black', 'Natural'];

/** `amount` −1 (black) to 1 (white); 0 keeps the colour. */
export function shade(hex: string, amount: number): string {
  const target = amount < 0 ? 0 : 255;
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16);
    const mixed = Math.round(value + (target - value) * Math.abs(amount));
    return mixed.toString(16).padStart(2, '0');
  };
  return `#${channel(1)}${channel(3)}${channel(5)}`;
}
