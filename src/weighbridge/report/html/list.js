// The list draws only the rows in sight: 20,000 items cost no more than 20.
const ROW = data?.questions ? 58 : 34;
const listBox = field('list');
const rowBox = field('rows');
let shown = [];
let chosen = 0;

const markOf = (k, n) => {
  const status = statusOf(k, n);
  if (status === null) return ['·', 'not asked'];
  if (status !== 'ok') return ['!', status];
  const score = scoreOf(k, n);
  if (score >= 1 - 1e-9) return ['●', 'right'];
  return score <= 1e-9 ? ['○', 'wrong'] : ['◐', `${Math.round(100 * score)} %`];
};

const rowFor = (place) => {
  const n = shown[place];
  const row = element('div', 'row');
  row.id = `row-${place}`;
  row.setAttribute('role', 'option');
  row.setAttribute('aria-selected', String(place === chosen));
  row.setAttribute('aria-setsize', String(shown.length));
  row.setAttribute('aria-posinset', String(place + 1));
  row.style.height = `${ROW}px`;
  row.style.transform = `translateY(${place * ROW}px)`;
  const top = element('div', 'top');
  const marks = element('span', 'marks');
  const said = [];
  people.forEach((person, k) => {
    const [glyph, meaning] = markOf(k, n);
    const mark = element('span', `mark ${person.colour} ${{ '·': 'unasked', '!': 'trouble' }[glyph] ?? ''}`, glyph);
    mark.title = `${person.name}: ${meaning}`;
    marks.append(mark);
    said.push(`${person.name} ${meaning}`);
  });
  marks.setAttribute('aria-hidden', 'true');
  top.append(isolated(data.ids[n], 'id'), marks);
  row.append(top);
  if (data.questions) row.append(isolated((data.questions[n] ?? '').slice(0, 160).replace(/\s+/g, ' '), 'snippet'));
  row.setAttribute('aria-label', `${data.ids[n]}: ${said.join(', ')}`.slice(0, 400));
  row.addEventListener('click', () => { choose(place); listBox.focus({ preventScroll: true }); reveal(); });
  return row;
};

let drawnFrom = -1, drawnTo = -1;
const drawRows = (anew) => {
  const from = Math.max(0, Math.floor(listBox.scrollTop / ROW) - 8);
  const to = Math.min(shown.length, Math.ceil((listBox.scrollTop + listBox.clientHeight) / ROW) + 8);
  if (!anew && from === drawnFrom && to === drawnTo) return;
  [drawnFrom, drawnTo] = [from, to];
  const rows = [];
  for (let place = from; place < to; place += 1) rows.push(rowFor(place));
  rowBox.replaceChildren(...rows);
};

const scrollToChosen = () => {
  const top = chosen * ROW;
  if (top < listBox.scrollTop) listBox.scrollTop = top;
  else if (top + ROW > listBox.scrollTop + listBox.clientHeight) listBox.scrollTop = top + ROW - listBox.clientHeight;
};

const choose = (place) => {
  if (!shown.length) { listBox.removeAttribute('aria-activedescendant'); showDetail(null); return; }
  chosen = Math.min(Math.max(place, 0), shown.length - 1);
  scrollToChosen();
  drawRows(true);
  listBox.setAttribute('aria-activedescendant', `row-${chosen}`);
  showDetail(shown[chosen]);
};

// On a phone the chosen item stands below the list: bring it into sight.
const reveal = () => {
  if (matchMedia('(max-width: 900px)').matches) field('detail').scrollIntoView({ block: 'start' });
};

const setShown = (items, keep) => {
  shown = items;
  rowBox.style.height = `${Math.max(1, items.length) * ROW}px`;
  const place = keep === null ? -1 : items.indexOf(keep);
  if (place < 0) listBox.scrollTop = 0;
  drawnFrom = -1;
  drawRows(true);
  choose(Math.max(0, place));
};
