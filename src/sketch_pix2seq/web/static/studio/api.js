// Talking with the studio's API: answers that are drawn come line by line.

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

/**
 * Ask for drawings.
 * @param onMoves Called with (place, points, finished) as they come.
 * @param signal Ends it.
 */
export async function draw(path, form, onMoves, signal) {
  const answer = await send(path, form, signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => {
      throw error.name === "AbortError" ? error : new Trouble(LOST);
    });
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const content = JSON.parse(line);
      if (content.error) throw new Trouble(content.error);
      if (content.done) return;
      for (const move of content.moves) onMoves(...move);
    }
  }
  throw new Trouble(LOST);
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
