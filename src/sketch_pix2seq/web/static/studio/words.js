// The page's words, which come with it in its language (`words/*.json` of the package).

const words = JSON.parse(document.querySelector("#page-words").textContent);

/**
 * The text of a name.
 *
 * @param {string} name
 * @param {Record<string, string | number>} [values] For the {names} in it.
 */
export function t(name, values = {}) {
  if (!(name in words)) throw new Error(`no word for ${name}`);
  return words[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

/** An error that a person should see. */
export class Trouble extends Error {}
