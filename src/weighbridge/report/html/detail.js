// One item with every candidate's answer side by side. Text enters as text, never as markup.
const marked = (box, text) => {
  const search = words();
  if (!search.length) { box.textContent = text; return box; }
  const low = text.toLowerCase();
  let at = 0;
  // Lower-casing may change the length of a few characters; then places would not match, so nothing is marked.
  while (low.length === text.length && at < text.length) {
    let next = -1, length = 0;
    for (const word of search) {
      const found = low.indexOf(word, at);
      if (found >= 0 && (next < 0 || found < next)) { next = found; length = word.length; }
    }
    if (next < 0 || box.childNodes.length > 400) break;
    box.append(text.slice(at, next), element('mark', '', text.slice(next, next + length)));
    at = next + length;
  }
  box.append(text.slice(at));
  return box;
};

const body = (text, classes, cutKey) => {
  const part = document.createDocumentFragment();
  const box = element('p', `text ${classes}`);
  box.dir = 'auto';
  part.append(marked(box, text));
  const whole = data.cut[cutKey];
  if (whole) {
    const note = `Cut here: ${data.limit.toLocaleString('en')} of ${whole.toLocaleString('en')} characters are in this report.`;
    part.append(element('span', 'note', note));
  }
  return part;
};

const money = (value) => {
  const sign = { USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹' }[data.currency] ?? `${data.currency} `;
  return `${sign}${Number(value.toPrecision(2)).toLocaleString('en', { maximumFractionDigits: 10 })}`;
};
const time = (value) => (value < 0.001 ? '< 1 ms' : value < 1 ? `${Math.round(1000 * value)} ms` : `${value.toPrecision(3)} s`);

const answerCard = (k, n) => {
  const person = people[k];
  const status = statusOf(k, n);
  const card = element('section', `answer ${person.colour}${status === null ? ' absent' : ''}`);
  card.setAttribute('aria-label', person.name);
  const head = element('div', 'head');
  const who = element('span', 'who');
  who.append(element('span', `swatch ${person.side}`), isolated(person.name));
  head.append(who);
  if (status === null) {
    head.append(element('span', 'badge', 'not asked'));
    card.append(head, element('p', 'note', 'It had left the race, or the race ended, before this item was drawn.'));
    return card;
  }
  head.append(element('span', `badge ${STATUS_TONE[status]}`, status));
  const score = scoreOf(k, n);
  const right = score >= 1 - 1e-9;
  head.append(element('span', 'score', right ? '✓ 1' : score <= 1e-9 ? '✗ 0' : `${(100 * score).toFixed(1)} %`));
  card.append(head);
  const read = data.extracted?.[k][n];
  if (read !== null && read !== undefined) {
    const line = element('span', 'read', 'read as ');
    line.append(marked(isolated('', 'mono'), read));
    const chip = element('b');
    chip.append(line.lastChild);
    line.append(chip);
    card.append(line);
  }
  const answer = data.answers?.[k][n];
  if (answer) card.append(body(answer, '', `${k}:${n}`));
  else if (data.answers) card.append(element('p', 'note', answer === '' ? 'An empty answer.' : 'No answer was kept.'));
  const figures = [];
  if (data.latency[k][n] !== null) figures.push(time(data.latency[k][n]));
  if (data.cost[k][n] !== null) figures.push(money(data.cost[k][n]));
  if (person.repeats > 1) figures.push(`first of ${person.repeats} answers; score and figures are their mean`);
  if (figures.length) card.append(element('div', 'foot', figures.join(' · ')));
  return card;
};

const stepButton = (label, glyph, place) => {
  const button = element('button', 'quiet', glyph);
  button.type = 'button';
  button.setAttribute('aria-label', label);
  button.disabled = place < 0 || place >= shown.length;
  button.addEventListener('click', () => choose(place));
  return button;
};

const showDetail = (n) => {
  const box = field('detail');
  if (n === null) { box.replaceChildren(element('p', 'note', 'No item fits these filters.')); return; }
  const header = element('header');
  const name = element('h3');
  name.append(isolated(data.ids[n], 'id'));
  const steps = element('span', 'steps');
  steps.append(stepButton('Previous item', '‹', chosen - 1), stepButton('Next item', '›', chosen + 1));
  header.append(name, steps);
  const chips = element('div', 'chips');
  chips.append(element('span', 'badge', `drawn as number ${data.drawn[n].toLocaleString('en')}`));
  for (const [key, values] of Object.entries(data.meta)) chips.append(isolated(`${key}: ${values[n]}`, 'badge'));
  const parts = [header, chips];
  if (data.questions) parts.push(element('h4', '', 'Item'), body(data.questions[n] ?? '', 'question', `q:${n}`));
  if (data.references) parts.push(element('h4', '', 'Reference'), body(data.references[n] ?? '', 'mono', `r:${n}`));
  const answers = element('div', 'answers');
  people.forEach((_, k) => answers.append(answerCard(k, n)));
  parts.push(element('h4', '', 'Answers'), answers);
  box.replaceChildren(...parts);
};
