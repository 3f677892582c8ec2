// The page's words, which come with it in its language (`words/*.json` of the package).

const { texts, categories } = JSON.parse(document.querySelector("#page-words").textContent);

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

/** What a category of the model is called. @param {string} category */
export const nameOf = (category) => Object.hasOwn(categories, category) ? categories[category] : category;

/** The category that is called so, or in the model's own words. @param {string} name */
export const categoryOf = (name) =>
  Object.keys(categories).find((category) => nameOf(category).toLowerCase() === name.toLowerCase()) ?? name;

/** An error that a person should see. */
export class UserError extends Error {}
