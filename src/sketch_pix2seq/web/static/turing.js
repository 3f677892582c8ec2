// Answers questions without loading a page for each: by keys, with the next picture fetched meanwhile;
// an answer is sent until it is kept. Without this script the form works by itself.

const KEYS = ["ArrowLeft", "ArrowRight"]; // of the buttons, from the left
const MIN_LOOK_MS = 300; // ms: a second click of a double click is no answer to the next sketch
const WAITS = [1, 2, 4, 8]; // seconds between attempts

const form = document.querySelector("#vote");
const sketch = document.querySelector("#sketch");
const trouble = document.querySelector("#trouble");
const buttons = [...form.querySelectorAll("button[name=tag]")];
let shownAt = performance.now();
let busy = false;

for (const key of form.querySelectorAll("kbd")) key.hidden = false;
fetchAhead(form.dataset.following);
if (!(sketch.complete && sketch.naturalWidth > 0)) showFirst();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter) answer(event.submitter.value);
});

document.addEventListener("keydown", (event) => {
  const button = buttons[KEYS.indexOf(event.key)];
  if (!button || event.repeat || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  answer(button.value);
});

addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // kept by the browser: it may show what is answered
});

async function answer(tag) {
  const ms = Math.round(performance.now() - shownAt);
  if (busy || ms < MIN_LOOK_MS) return;
  setBusy(true, tag);
  const timed = "timed" in form.dataset ? { ms } : {};
  const next = await send({ sketch: form.elements.sketch.value, tag, ...timed });
  if (next === null) return location.reload(); // the site says what is wrong
  if (next.sketch === null) return location.assign("/thanks");
  await show(next);
  setBusy(false);
}

// No answer counts before the first sketch is seen, however often it must be fetched.
async function showFirst() {
  setBusy(true);
  sketch.src = (await fetched(form.elements.sketch.value)).src;
  await sketch.decode().catch(() => {});
  setBusy(false);
}

// Sends an answer until the site says that it is kept. Sending it twice does no harm.
async function send(vote) {
  for (let attempt = 0; ; attempt++) {
    try {
      const reply = await fetch("/api/vote", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(vote),
      });
      if (reply.ok) {
        trouble.textContent = "";
        return await reply.json();
      }
      if (reply.status < 500 && reply.status !== 429) return null;
    } catch {
      // no connection: try again
    }
    trouble.textContent = "Not saved yet. Trying again …";
    const wait = WAITS[Math.min(attempt, WAITS.length - 1)];
    await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
  }
}

async function show(next) {
  const picture = await fetched(next.sketch);
  sketch.src = picture.src;
  await sketch.decode().catch(() => {});
  form.elements.sketch.value = next.sketch;
  const done = document.querySelector("#done");
  done.value = next.answered;
  document.querySelector("#count b").textContent = next.answered + 1;
  const place = `Sketch ${next.answered + 1} of ${next.total}`;
  document.querySelector("#said").textContent = place;
  document.title = document.title.replace(/^Sketch \d+ of \d+/, place);
  fetchAhead(next.following);
}

async function fetched(name) {
  for (;;) {
    const picture = new Image();
    picture.src = `/sketches/${name}.png`;
    try {
      await picture.decode();
      trouble.textContent = "";
      return picture;
    } catch {
      trouble.textContent = "Loading the next sketch …";
      await new Promise((resolve) => setTimeout(resolve, 1000 * WAITS[1]));
    }
  }
}

function fetchAhead(name) {
  if (name) new Image().src = `/sketches/${name}.png`;
}

function setBusy(now, tag = "") {
  busy = now;
  form.setAttribute("aria-busy", String(now));
  for (const button of buttons) {
    button.classList.toggle("chosen", now && button.value === tag);
    if (!now && !button.matches(":focus-visible")) button.blur(); // no trace of the last answer
  }
  if (!now) shownAt = performance.now();
}
