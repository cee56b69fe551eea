// Which items are shown, and in what order.
const field = (id) => document.getElementById(id);
const option = (value, label) => { const made = element('option', '', label); made.value = value; return made; };

const SHOWS = [
  ['all', 'All items', () => true],
  ['disagree', 'Disagreements', (n) => (traits[n] & DISAGREE) !== 0],
  ['failures', 'Failures', (n) => (traits[n] & FAILURE) !== 0],
  ['wrong', 'Nobody right', (n) => (traits[n] & ALL_WRONG) !== 0],
  ['right', 'Everybody right', (n) => (traits[n] & ALL_RIGHT) !== 0],
];
const ORDERS = [
  ['data', 'As in the data', (a, b) => a - b],
  ['drawn', 'As drawn', (a, b) => data.drawn[a] - data.drawn[b]],
  ['apart', 'Furthest apart first', (a, b) => gaps[b] - gaps[a] || a - b],
];

const fillFilters = () => {
  const counted = (test) => { let found = 0; for (let n = 0; n < size; n += 1) if (test(n)) found += 1; return found; };
  for (const [value, label, test] of SHOWS) field('show').append(option(value, `${label} (${counted(test).toLocaleString('en')})`));
  field('status').append(option('', 'Any'));
  for (const status of STATUSES) {
    const code = String(STATUSES.indexOf(status));
    const found = counted((n) => people.some((_, k) => data.status[k][n] === code));
    if (found) field('status').append(option(code, `${status} (${found.toLocaleString('en')})`));
  }
  for (const side of ['above', 'below']) {
    field(side).append(option('', 'anyone'));
    people.forEach((person, k) => field(side).append(option(String(k), person.name.slice(0, 60))));
  }
  for (const [value, label] of ORDERS) field('order').append(option(value, label));
};

const words = () => field('search').value.toLowerCase().split(/\s+/).filter(Boolean);

// a beats b on item n; "anyone" stands for any candidate that was asked.
const flips = (n, above, below) => {
  const first = above === '' ? people.keys() : [Number(above)];
  for (const a of first) {
    if (!asked(a, n)) continue;
    const second = below === '' ? people.keys() : [Number(below)];
    for (const b of second) if (b !== a && asked(b, n) && scoreOf(a, n) > scoreOf(b, n) + 1e-9) return true;
  }
  return false;
};

const filtered = () => {
  const show = SHOWS.find(([value]) => value === field('show').value)[2];
  const status = field('status').value;
  const above = field('above').value, below = field('below').value;
  const search = words();
  const kept = [];
  for (let n = 0; n < size; n += 1) {
    if (!show(n)) continue;
    if (status !== '' && !people.some((_, k) => data.status[k][n] === status)) continue;
    if ((above !== '' || below !== '') && !flips(n, above, below)) continue;
    if (search.length && !search.every((word) => haystack(n).includes(word))) continue;
    kept.push(n);
  }
  const order = ORDERS.find(([value]) => value === field('order').value);
  return order[0] === 'data' ? kept : kept.sort(order[2]);
};
