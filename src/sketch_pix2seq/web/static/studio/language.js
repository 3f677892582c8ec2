// Opens the page in the language that was chosen here, or that the browser prefers. It runs before
// the page's other scripts.

const CHOICE = "language"; // on this device

const pages = new Map([...document.querySelectorAll("[data-language]")].map((link) => [link.dataset.language, link]));
let wanted = navigator.languages.map((language) => language.slice(0, 2)).find((language) => pages.has(language));
try {
  wanted = localStorage.getItem(CHOICE) ?? wanted;
} catch {
  // then nothing was chosen
}
for (const [code, link] of pages) {
  link.addEventListener("click", () => {
    try {
      localStorage.setItem(CHOICE, code);
    } catch {
      // then it is chosen for this page alone
    }
    link.hash = location.hash;
  });
}
if (wanted !== document.documentElement.lang && pages.has(wanted)) {
  location.replace(pages.get(wanted).href + location.hash);
}
