// The browser put to work: filters, keys, and the address of an item (#item=ID).
const tell = () => {
  const all = size.toLocaleString('en');
  const left = data.left_out ? ` ${data.left_out.toLocaleString('en')} more are not in this report: those with failures and disagreements come first.` : '';
  const unasked = data.unasked ? ` ${data.unasked.toLocaleString('en')} more items of the pool were never asked.` : '';
  field('count').textContent = `${shown.length.toLocaleString('en')} of ${all} items.${left}${unasked}`;
};

const apply = () => {
  setShown(filtered(), shown.length ? shown[chosen] : null);
  tell();
};

const onKey = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === 'Escape' && typing) { listBox.focus(); return; }
  if (typing) return;
  if (event.key === '/') { event.preventDefault(); field('search').focus(); field('search').select(); return; }
  const inList = event.target === listBox;
  const page = Math.max(1, Math.floor(listBox.clientHeight / ROW) - 1);
  const steps = {
    j: 1, k: -1,
    ...(inList ? { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -shown.length, End: shown.length } : {}),
  };
  if (event.key in steps) { event.preventDefault(); choose(chosen + steps[event.key]); }
  else if (event.key === 'Enter' && inList) { field('detail').focus(); reveal(); }
};

if (data && size) {
  field('no-items').hidden = true;
  field('browser').hidden = false;
  fillFilters();
  setShown(filtered(), null);
  tell();
  const linked = decodeURIComponent(location.hash.startsWith('#item=') ? location.hash.slice(6) : '');
  if (linked && data.ids.includes(linked)) {
    choose(shown.indexOf(data.ids.indexOf(linked)));
    field('items').scrollIntoView();
  }
  let waiting = 0;
  field('search').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  for (const id of ['show', 'status', 'above', 'below', 'order']) field(id).addEventListener('change', apply);
  const form = document.querySelector('.filters');
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(apply));
  listBox.addEventListener('scroll', () => drawRows(false), { passive: true });
  addEventListener('resize', () => drawRows(false));
  document.addEventListener('keydown', onKey);
} else if (data) {
  field('no-items').textContent = 'No item was asked of any candidate.';
}
document.documentElement.dataset.ready = String(Math.round(performance.now()));
