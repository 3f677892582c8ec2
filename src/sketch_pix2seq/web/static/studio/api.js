// What the page asks of the studio's server, if there is one: reading files, and making GIFs.

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
  return (await send(path, "application/json", JSON.stringify(form))).blob();
}

/** Send a file, and return the answer's JSON. */
export async function upload(path, file) {
  return (await send(path, "application/octet-stream", file)).json();
}

async function send(path, type, body) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "Content-Type": type }, body });
  } catch {
    throw new Trouble(LOST);
  }
  if (answer.ok) return answer;
  const content = await answer.json().catch(() => null);
  throw new Trouble(content?.error ?? { message: `the studio answers ${answer.status}` });
}
