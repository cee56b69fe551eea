// Light or dark: the reader's system decides until the button is used.
const root = document.documentElement;
const remembered = (() => {
  try { return localStorage.getItem('weighbridge-theme'); } catch { return null; } // storage may be off for files
})();
if (remembered === 'light' || remembered === 'dark') root.dataset.theme = remembered;

const isDark = () => (root.dataset.theme
  ? root.dataset.theme === 'dark'
  : matchMedia('(prefers-color-scheme: dark)').matches);

const themeButton = document.getElementById('theme');
const tellTheme = () => themeButton.setAttribute('aria-pressed', String(isDark()));
themeButton.addEventListener('click', () => {
  root.dataset.theme = isDark() ? 'light' : 'dark';
  tellTheme();
  try { localStorage.setItem('weighbridge-theme', root.dataset.theme); } catch { /* not remembered, then */ }
});
tellTheme();
