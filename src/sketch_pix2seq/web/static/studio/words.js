// The page's words, which come with it in its language (`words/*.json` of the package).

const { texts, phrases, categories } = JSON.parse(document.querySelector("#page-words").textContent);

/**
 * The text of a name.
 *
 * @param {string} name
 * @param {Record<string, string | number>} [values] For the {names} in it.
 */
export function t(name, values = {}) {
  if (!(name in texts)) throw new Error(`no word for ${name}`);
  return texts[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

/** A number as the page's language writes it. @param {number} value @param {number} [digits] Always shown. */
export const number = (value, digits = 0) =>
  value.toLocaleString(document.documentElement.lang, { minimumFractionDigits: digits });

const PATTERNS = Object.keys(phrases).sort((a, b) => b.length - a.length).map((phrase) => {
  const literal = phrase.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("#", "([\\w.-]+)");
  return { pattern: new RegExp(`(?<![\\w#\`])${literal}(?!\\w)`, "g"), own: phrases[phrase] };
});

/** What the library says in English, in the page's language. @param {string} said */
export const translated = (said) => PATTERNS.reduce((text, { pattern, own }) =>
  text.replace(pattern, (_, ...values) => own.replace(/#/g, () => values.shift())), said);

/** What a category of the model is called. @param {string} category */
export const nameOf = (category) => Object.hasOwn(categories, category) ? categories[category] : category;

/** The category that is called so, or in the model's own words. @param {string} name */
export const categoryOf = (name) =>
  Object.keys(categories).find((category) => nameOf(category).toLowerCase() === name.toLowerCase()) ?? name;

/** An error that a person should see. */
export class UserError extends Error {}
