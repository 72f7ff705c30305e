/** Each case is a card of its own; `data-testid` says what a test may hold on to. */
function card(id: string, title: string, body: string): string {
  return `<section class="card" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${body}</section>`;
}

/** A router without loading: history and fragment. */
export function routing(): string {
  return card(
    'routing',
    'Rooms',
    `<nav aria-label="Rooms"><a href="/room/red" data-room>Red</a> <a href="/room/blue" data-room>Blue</a>
<a href="#shadows" data-testid="fragment">To the shadows</a></nav>
<p data-testid="room" aria-live="polite">No room yet.</p>`,
  );
}

export function widgets(): string {
  const options = ['Cherry', 'Damson', 'Elder'];
  return card(
    'widgets',
    'Widgets',
    `<div class="row"><button data-testid="plain" class="css-1x9k2p" id=":r7:">Plain button</button>
<button data-testid="icon" aria-label="Settings"><svg viewBox="0 0 24 24" width="20" height="20"><g data-testid="icon-path"><circle cx="12" cy="12" r="9"></circle></g></svg></button>
<button data-testid="twice">Press twice</button>
<button data-testid="mousedown">Acts on the way down</button>
<button data-testid="fail">Fail</button></div>
<p role="alert" data-testid="alert"></p>
<div class="row"><label><input type="checkbox" data-testid="gift"> Gift wrap</label>
<label><input type="radio" name="pace" value="slow" data-testid="slow"> Slow</label>
<label><input type="radio" name="pace" value="fast" data-testid="fast"> Fast</label></div>
<div class="row"><label>Size <select data-testid="size"><option>Small<option>Medium<option>Large</select></label>
<label>Loudness <input type="range" data-testid="range" min="0" max="10" value="3"></label>
<label>Day <input type="date" data-testid="day"></label></div>
<div class="row"><div class="select" data-testid="custom-select"><button role="combobox" aria-haspopup="listbox" aria-expanded="false" aria-controls="fruits" aria-label="Fruit">Choose a fruit</button>
<ul role="listbox" id="fruits" hidden>${options.map((each) => `<li role="option" aria-selected="false">${each}</li>`).join('')}</ul></div>
<div class="editor" contenteditable="true" role="textbox" aria-label="Remark" data-testid="editor"></div></div>
<div class="row"><label>Search <input type="search" data-testid="search"></label>
<label>File <input type="file" multiple data-testid="file"></label></div>
<ul class="rows">${['Apple', 'Pear', 'Plum']
      .map(
        (each) =>
          `<li data-item-key="${each.toLowerCase()}"><span>${each}</span> <button class="buy">Buy</button></li>`,
      )
      .join('')}</ul>
<div class="list" data-testid="virtual" tabindex="0" aria-label="Virtual list"><div class="sizer"></div></div>
<canvas data-testid="canvas" width="220" height="60" role="img" aria-label="Drawing board"></canvas>`,
  );
}

/** Planted secrets go here; the page says them again, at once and on the next page. */
export function personal(): string {
  return card(
    'personal',
    'Personal',
    `<form action="/order" data-testid="order-form">
<label>Full name <input name="name" autocomplete="name" data-testid="name"></label>
<label>E-mail <input name="email" type="email" data-testid="email"></label>
<label>Password <input type="password" data-testid="password"></label>
<button type="button" data-testid="show-password">Show password</button>
<label>Security code <input autocomplete="one-time-code" inputmode="numeric" data-testid="otp"></label>
<label>Card number <input autocomplete="cc-number" data-testid="card"></label>
<div class="field"><div>Street address</div><input data-testid="street"></div>
<button data-testid="order">Order</button></form>
<p>Will be sent to <output data-testid="live-echo"></output>.</p>`,
  );
}

export function shadows(): string {
  return card(
    'shadows',
    'Shadows',
    `<hard-open></hard-open><hard-closed></hard-closed><hard-nested></hard-nested>`,
  );
}

export function floating(): string {
  return card(
    'floating',
    'Floating',
    `<div class="row"><button data-testid="open-dialog">Open dialog</button>
<button data-testid="open-popover" popovertarget="hint">Open popover</button>
<button data-testid="open-overlay">Open overlay</button></div>
<nav class="menu" aria-label="Goods"><div class="item" data-testid="hover-menu"><a href="#floating">Coats</a>
<ul class="sub"><li><a href="#floating" data-testid="sub-item">Rain coats</a></li></ul></div>
<div class="item"><a href="#floating" data-testid="no-menu">Shoes</a></div>
<button data-testid="with-tip" aria-describedby="tip">With a tip</button></nav>
<dialog aria-label="Terms" data-testid="dialog"><p>These are the terms.</p><button data-testid="close-dialog">Agree</button></dialog>
<div popover id="hint" role="note" data-testid="popover">A hint that floats.</div>`,
  );
}

export function dragging(): string {
  const cards = ['One', 'Two', 'Three'];
  return card(
    'dragging',
    'Dragging',
    `<div class="row"><ul class="pile" data-testid="pile">${cards.map((each) => `<li draggable="true" data-testid="card-${each.toLowerCase()}">${each}</li>`).join('')}</ul>
<div class="tray" data-testid="tray" role="region" aria-label="Tray">Drop here</div>
<div class="board" data-testid="board"><div class="token" data-testid="token" role="button" aria-label="Token">●</div></div>
<div class="pad" data-testid="pad" aria-label="Touch pad">Swipe</div></div>`,
  );
}

export function frames(otherUrl: string): string {
  return card(
    'frames',
    'Frames',
    `<div class="row"><iframe name="outer" title="Outer" src="/frame/outer" data-testid="frame-outer"></iframe>
<iframe title="Foreign" src="${otherUrl}/frame/foreign" data-testid="frame-foreign"></iframe>
<hard-framed></hard-framed></div>`,
  );
}
