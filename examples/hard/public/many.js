// So many elements as the page is asked for, and so many changes a second.
const list = document.getElementById('many');
const nodes = Number(list.dataset.nodes);
const perSecond = Number(list.dataset.mutate);

/** Five elements each. */
const row = (index) =>
  `<li class="entry tone-${index % 7}" data-row-key="k${index}"><span class="label">Entry ${index}</span><span><i>part ${index % 50}</i></span><button class="btn">Buy</button></li>`;
list.innerHTML = Array.from({ length: Math.floor(nodes / 5) }, (_, index) => row(index)).join('');
document.getElementById('count').textContent =
  `${document.getElementsByTagName('*').length.toLocaleString('en')} elements`;

let turn = 0;
const change = () => {
  turn += 1;
  const item = list.children[(turn * 37) % list.children.length];
  if (turn % 4 === 0) item.className = `entry tone-${turn % 7}`;
  else if (turn % 4 === 1) item.querySelector('.label').textContent = `Entry, seen ${turn} times`;
  else if (turn % 4 === 2) item.querySelector('i').setAttribute('data-turn', String(turn));
  else item.replaceWith(item.cloneNode(true));
};
if (perSecond > 0) setInterval(change, 1_000 / perSecond);
