// The evidence, by column: K candidates by M items, as the page carries it.
const data = JSON.parse(document.getElementById('data').textContent);
const STATUSES = ['ok', 'refused', 'truncated', 'unparsable', 'failed'];
const STATUS_TONE = { ok: '', refused: 'warn', truncated: 'warn', unparsable: 'bad', failed: 'bad' };
const size = data ? data.ids.length : 0;
const people = data ? data.candidates : [];

const asked = (k, n) => data.status[k][n] !== '.';
const statusOf = (k, n) => (asked(k, n) ? STATUSES[Number(data.status[k][n])] : null);
const scoreOf = (k, n) => data.score[k][n];

// One pass over the table; each filter then reads a byte.
const FAILURE = 1, DISAGREE = 2, ALL_WRONG = 4, ALL_RIGHT = 8;
const traits = new Uint8Array(size);
const gaps = new Float32Array(size);
for (let n = 0; n < size; n += 1) {
  let low = Infinity, high = -Infinity, failure = false;
  for (let k = 0; k < people.length; k += 1) {
    if (!asked(k, n)) continue;
    const score = scoreOf(k, n);
    if (score < low) low = score;
    if (score > high) high = score;
    if (data.status[k][n] !== '0') failure = true;
  }
  traits[n] = (failure ? FAILURE : 0) | (high - low > 1e-9 ? DISAGREE : 0)
    | (high <= 1e-9 ? ALL_WRONG : 0) | (low >= 1 - 1e-9 ? ALL_RIGHT : 0);
  gaps[n] = high - low;
}

// Texts to search, lower-cased when first asked for.
const haystacks = new Array(size);
const haystack = (n) => {
  if (haystacks[n] === undefined) {
    const parts = [data.ids[n], data.questions?.[n], data.references?.[n]];
    for (const values of Object.values(data.meta)) parts.push(values[n]);
    for (let k = 0; k < people.length; k += 1) parts.push(data.answers?.[k][n], data.extracted?.[k][n]);
    haystacks[n] = parts.filter(Boolean).join('\n').toLowerCase();
  }
  return haystacks[n];
};

const element = (name, classes, text) => {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
};
const isolated = (text, classes) => element('bdi', classes, text);
