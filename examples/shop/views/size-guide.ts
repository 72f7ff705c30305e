import { icon } from '../art.ts';
import type { Product } from '../catalogue.ts';
import { type Html, html } from '../html.ts';

type Chart = { columns: string[]; start: number[]; step: number[] };

/** In centimetres: the smallest size, and what each next one adds. */
const charts: Record<string, Chart> = {
  jackets: { columns: ['Chest', 'Waist', 'Sleeve'], start: [86, 72, 80], step: [6, 6, 2] },
  layers: { columns: ['Chest', 'Waist', 'Sleeve'], start: [84, 70, 79], step: [6, 6, 2] },
  trousers: { columns: ['Waist', 'Hip', 'Inside leg'], start: [70, 88, 76], step: [6, 6, 2] },
  footwear: { columns: ['Foot length', 'Foot width'], start: [24.5, 9.3], step: [0.8, 0.2] },
};

/** A modal with the body's measures per size, in centimetres or inches. */
export function sizeGuide(product: Product): Html | null {
  const chart = charts[product.category];
  if (!chart) return null;
  return html`<dialog class="modal" id="size-guide" aria-labelledby="size-guide-title">
<div class="heading-row"><h2 id="size-guide-title">Size guide</h2>
<button class="icon-button" type="button" aria-label="Close size guide" data-close>${icon('close')}</button></div>
<p>Measure yourself, not a jacket you like. Between two sizes, choose the larger one for layers.</p>
<fieldset class="units" data-units><legend class="hidden">Units</legend>
<label><input type="radio" name="unit" value="cm" checked> Centimetres</label>
<label><input type="radio" name="unit" value="in"> Inches</label></fieldset>
<table><caption class="hidden">Body measures by size</caption>
<thead><tr><th scope="col">Size</th>${chart.columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${product.sizes.map(
    (size, row) =>
      html`<tr><th scope="row">${size}</th>${chart.columns.map((_, column) =>
        measure((chart.start[column] ?? 0) + row * (chart.step[column] ?? 0)),
      )}</tr>`,
  )}</tbody></table>
</dialog>`;
}

function measure(centimetres: number): Html {
  const tidy = (value: number) => String(Math.round(value * 10) / 10);
  return html`<td data-cm="${tidy(centimetres)}" data-in="${tidy(centimetres / 2.54)}">${tidy(centimetres)}</td>`;
}
