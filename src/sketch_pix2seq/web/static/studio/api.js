// What the page asks of the studio's server, if there is one: making GIFs.

/** Whether a server answers; pages that were exported have none. */
export const hasServer = "server" in document.documentElement.dataset;

/** An error that a person should see. */
export class Trouble extends Error {
  constructor({ code = "lost", message, hint = "" }) {
    super(hint ? `${message}. ${hint}` : `${message}.`);
    this.code = code;
  }
}

const LOST = { message: "the studio does not answer", hint: "Is it still running?" };

/** Send a form, and return the file that comes back. */
export async function askFile(path, form) {
  const headers = { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(form) });
  } catch {
    throw new Trouble(LOST);
  }
  if (answer.ok) return answer.blob();
  const content = await answer.json().catch(() => null);
  throw new Trouble(content?.error ?? { message: `the studio answers ${answer.status}` });
}
