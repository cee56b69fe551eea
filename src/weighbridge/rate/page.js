'use strict';
// Texts reach the page as text alone (textContent); nothing of an answer is ever read as markup.
(() => {
  const at = (id) => document.getElementById(id);
  const KEYS = { ArrowLeft: 'left', ArrowRight: 'right', t: 'tie', b: 'bad', 1: 'left', 2: 'tie', 3: 'bad', 4: 'right' };
  let state = null;
  let busy = false;
  let ended = false;

  function fill(id, text) {
    const box = at(id);
    box.textContent = text === '' ? 'no answer' : text;
    box.classList.toggle('none', text === '');
    box.scrollTop = 0;
  }

  function show(next) {
    state = next;
    const ballot = next.ballot;
    at('compare').hidden = !ballot || ended;
    at('over').hidden = Boolean(ballot) || ended;
    at('ended').hidden = !ended;
    at('bar').hidden = ended;
    at('count').textContent = `${next.done.toLocaleString('en')} of ${next.total.toLocaleString('en')}`;
    at('progress').max = next.total;
    at('progress').value = next.done;
    document.querySelector('.votes').classList.toggle('none', !ballot);
    at('undo').disabled = !next.undo;
    document.querySelectorAll('[data-vote]').forEach((button) => {
      button.disabled = !ballot;
      button.classList.remove('pressed');
    });
    document.querySelectorAll('.answer').forEach((card) => card.classList.remove('chosen'));
    if (!ballot) return;
    at('question').textContent = ballot.question;
    at('reference-box').hidden = ballot.reference === null;
    at('reference').textContent = ballot.reference ?? '';
    at('reference-box').open = false;
    fill('left', ballot.left);
    fill('right', ballot.right);
    window.scrollTo(0, 0);
    document.querySelector('.question').scrollTop = 0;
  }

  async function call(path, body) {
    const options = body === undefined ? {} :
      { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    const reply = await fetch(path, options);
    const found = await reply.json();
    if (!reply.ok) throw new Error(found.error);
    return found;
  }

  async function act(path, body) {
    if (busy || ended) return;
    busy = true;
    at('trouble').hidden = true;
    try {
      const found = await call(path, body);
      if (path === 'finish') ended = true;
      show(path === 'finish' ? state : found);
    } catch (error) {
      const gone = error instanceof TypeError;
      at('trouble').textContent = gone
        ? 'The program behind this page has ended. Start it again and open the address it prints; no vote is lost.'
        : `That did not work: ${error.message}`;
      at('trouble').hidden = false;
      if (state) show(state);
    } finally {
      busy = false;
    }
  }

  function vote(how) {
    if (busy || ended || !state || !state.ballot) return;
    const button = document.querySelector(`[data-vote="${how}"]`);
    button.classList.add('pressed');
    if (how === 'left' || how === 'right') at(how).parentElement.classList.add('chosen');
    act('vote', { ballot: state.ballot.id, vote: how });
  }

  document.addEventListener('keydown', (event) => {
    // A key held down must not vote on comparisons nobody has read.
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in KEYS && state && state.ballot) {
      event.preventDefault();
      vote(KEYS[key]);
    } else if (key === 'u' || key === 'Backspace') {
      event.preventDefault();
      if (state && state.undo) act('undo', {});
    } else if (key === 'Enter' && state && !state.ballot && event.target.tagName !== 'BUTTON') {
      act('finish', {});
    }
  });
  document.querySelectorAll('[data-vote]').forEach((button) => {
    button.addEventListener('click', () => { button.blur(); vote(button.dataset.vote); });
  });
  at('undo').addEventListener('click', () => { at('undo').blur(); act('undo', {}); });
  at('finish').addEventListener('click', () => act('finish', {}));
  act('state');
})();
