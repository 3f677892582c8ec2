// Talking with the studio's API.

/** An error that a person should see. */
export class Trouble extends Error {
  constructor({ code = "lost", message, hint = "" }) {
    super(hint ? `${message}. ${hint}` : `${message}.`);
    this.code = code;
  }

  /** Whether the same may go through a little later. */
  get passes() {
    return this.code === "too_many" || this.code === "busy";
  }
}

const LOST = { message: "the studio does not answer", hint: "Is it still running?" };

/** Ask, and return the answer's JSON. */
export async function ask(path, form, signal) {
  return (await send(path, form, signal)).json();
}

/** Ask for a file. */
export async function askFile(path, form) {
  return (await send(path, form)).blob();
}

/** Send a file, and return the answer's JSON. */
export async function upload(path, file) {
  const headers = { "Content-Type": "application/octet-stream" };
  return (await answered(fetch(path, { method: "POST", headers, body: file }))).json();
}

function send(path, form, signal) {
  if (form === undefined) return answered(fetch(path, { signal }));
  const headers = { "Content-Type": "application/json" };
  return answered(fetch(path, { method: "POST", headers, body: JSON.stringify(form), signal }));
}

async function answered(request) {
  let answer;
  try {
    answer = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble(LOST);
  }
  if (answer.ok) return answer;
  const content = await answer.json().catch(() => null);
  throw new Trouble(content?.error ?? { message: `the studio answers ${answer.status}` });
}
