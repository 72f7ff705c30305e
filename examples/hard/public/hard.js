const byId = (id) => document.querySelector(`[data-testid="${id}"]`);
const on = (id, type, listener) => byId(id).addEventListener(type, listener);

// Rooms: the address changes, nothing loads.
const showRoom = () => {
  const room = /^\/room\/(\w+)/.exec(location.pathname)?.[1];
  byId('room').textContent = room ? `You are in the ${room} room.` : 'No room yet.';
};
for (const link of document.querySelectorAll('[data-room]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    history.pushState({}, '', link.getAttribute('href'));
    showRoom();
  });
}
addEventListener('popstate', showRoom);
showRoom();

// Widgets.
on('fail', 'click', () => {
  byId('alert').textContent = 'That did not work.';
});
on('mousedown', 'mousedown', (event) => {
  const next = document.createElement('b');
  next.textContent = 'Done on the way down';
  event.currentTarget.replaceWith(next);
});
const select = byId('custom-select');
const [box, list] = [select.querySelector('button'), select.querySelector('ul')];
box.addEventListener('click', () => {
  list.hidden = !list.hidden;
  box.setAttribute('aria-expanded', String(!list.hidden));
});
list.addEventListener('click', ({ target }) => {
  for (const option of list.children)
    option.setAttribute('aria-selected', String(option === target));
  box.textContent = target.textContent;
  list.hidden = true;
  box.setAttribute('aria-expanded', 'false');
});

// A list that only holds the lines in view.
const virtual = byId('virtual');
const fill = () => {
  for (const line of virtual.querySelectorAll('.line')) line.remove();
  const first = Math.floor(virtual.scrollTop / 30);
  for (let index = first; index < first + 6; index++) {
    const line = document.createElement('div');
    line.className = 'line';
    line.style.top = `${index * 30}px`;
    line.textContent = `Line ${index + 1} of 1,000`;
    virtual.append(line);
  }
};
virtual.addEventListener('scroll', fill);
fill();

const canvas = byId('canvas').getContext('2d');
canvas.font = '16px sans-serif';
canvas.fillStyle = '#7b8894';
canvas.fillText('Drawn, not written', 14, 36);

// What is typed is said again at once.
on('name', 'input', ({ target }) => {
  byId('live-echo').textContent = target.value;
});
on('show-password', 'click', () => {
  const field = byId('password');
  field.type = field.type === 'password' ? 'text' : 'password';
});

// Floating things.
const dialog = byId('dialog');
on('open-dialog', 'click', () => dialog.showModal());
on('close-dialog', 'click', () => dialog.close());
on('open-overlay', 'click', () => {
  const overlay = document.createElement('div');
  overlay.className = 'overlay';
  overlay.innerHTML =
    '<div class="box"><h3>Subscribe?</h3><button data-testid="close-overlay">No, thanks</button></div>';
  overlay.querySelector('button').addEventListener('click', () => overlay.remove());
  document.body.append(overlay);
});
on('with-tip', 'mouseenter', ({ target }) => {
  setTimeout(() => {
    const { left, bottom } = target.getBoundingClientRect();
    const tip = Object.assign(document.createElement('div'), { id: 'tip', className: 'tip' });
    tip.setAttribute('role', 'tooltip');
    tip.textContent = 'Only a tip.';
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${bottom + scrollY + 4}px`;
    document.body.append(tip);
  }, 80);
});
on('with-tip', 'mouseleave', () => setTimeout(() => document.getElementById('tip')?.remove(), 80));

// Dragging by the browser's own means.
for (const each of document.querySelectorAll('.pile li')) {
  each.addEventListener('dragstart', ({ dataTransfer }) => {
    dataTransfer.setData('text/plain', each.dataset.testid);
  });
}
on('tray', 'dragover', (event) => event.preventDefault());
on('tray', 'drop', (event) => {
  event.preventDefault();
  const moved = byId(event.dataTransfer.getData('text/plain'));
  if (moved) event.currentTarget.append(moved);
});

// Dragging by the pointer alone.
const token = byId('token');
let grip = null;
token.addEventListener('pointerdown', ({ clientX, clientY }) => {
  grip = { x: clientX - token.offsetLeft, y: clientY - token.offsetTop };
});
addEventListener('pointermove', ({ clientX, clientY }) => {
  if (!grip) return;
  token.style.left = `${clientX - grip.x}px`;
  token.style.top = `${clientY - grip.y}px`;
});
addEventListener('pointerup', () => {
  grip = null;
});
