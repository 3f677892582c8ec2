// The page Mix: what lies between two drawings.

import { draw } from "./api.js";
import { $, $$, Settings, examples, pausing, save, someDrawing, takeFiles, trying } from "./page.js";
import { Pad } from "./pad.js";
import { Paper } from "./paper.js";

const PAUSE = 450;

const pads = $$(".pad").map((svg) => new Pad(svg));
const settings = new Settings($("#settings"));
const strip = $$(".strip button").map((button) => new Paper($("svg", button)));
const shown = new Paper($("#between"));
const slider = $("#slider");
let asking = new AbortController();
shown.instant = true;
strip.forEach((paper) => (paper.instant = true));

const later = pausing(PAUSE, mix);

async function mix() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  if (pads.some((pad) => pad.isEmpty)) {
    strip.forEach((paper) => paper.clear());
    shown.clear();
    $("#desk").removeAttribute("aria-busy");
    return buttons();
  }
  const fresh = strip.map(() => []);
  const [first, second] = pads.map((pad) => pad.strokes);
  const form = { first, second, steps: strip.length, ...settings.form };
  $("#desk").setAttribute("aria-busy", "true");
  await trying(() =>
    draw(
      "/api/mix",
      form,
      (place, points, finished) => {
        fresh[place].push(...points);
        if (!finished) return;
        strip[place].clear();
        strip[place].add(fresh[place], true);
        if (place === Number(slider.value)) show();
      },
      signal,
    ),
  );
  if (!signal.aborted) $("#desk").removeAttribute("aria-busy");
  return buttons();
}

/** Show what lies where the slider is. */
function show() {
  const place = Number(slider.value);
  const share = Math.round((100 * place) / (strip.length - 1));
  $("#share-first").textContent = `${100 - share} %`;
  $("#share-second").textContent = `${share} %`;
  slider.setAttribute("aria-valuetext", `${100 - share} % the first, ${share} % the second`);
  shown.put(strip[place].strokes);
  $$(".strip button").forEach((button, at) => {
    button.setAttribute("aria-pressed", String(at === place));
  });
}

function buttons() {
  const ready = strip.every((paper) => paper.finished);
  for (const button of $$("[data-save]")) button.disabled = !ready;
  slider.disabled = !ready;
}

pads.forEach((pad, side) => {
  const card = pad.svg.closest(".card");
  pad.addEventListener("change", () => {
    $("#desk").setAttribute("aria-busy", "true");
    later();
  });
  $("[data-do=clear]", card).addEventListener("click", () => pad.clear());
  $("[data-do=undo]", card).addEventListener("click", () => pad.undo());
  $("[data-do=some]", card).addEventListener("click", () =>
    trying(async () => pad.set(await someDrawing(pad.strokes))),
  );
  const input = $("input[type=file]", card);
  $("[data-do=file]", card).addEventListener("click", () => input.click());
  takeFiles(card, input, (strokes) => pad.set(strokes), { paste: side === 0 });
});
settings.addEventListener("change", mix);
settings.addEventListener("smooth", () => {
  for (const paper of [...strip, shown]) paper.setSmooth(settings.smooth);
});
slider.addEventListener("input", show);
$$(".strip button").forEach((button, place) => {
  button.addEventListener("click", () => {
    slider.value = place;
    show();
  });
});
for (const button of $$("[data-save]")) {
  button.addEventListener("click", () => {
    const alone = button.dataset.what === "one";
    const drawings = alone ? [shown.strokes] : strip.map((paper) => paper.strokes);
    const options = alone ? {} : { columns: 0 };
    save(drawings.filter((one) => one.length), button.dataset.save, {
      smooth: settings.smooth,
      ...options,
    });
  });
}

for (const paper of [...strip, shown]) paper.setSmooth(settings.smooth);
const [first, second] = examples();
pads[0].set(first, { quiet: true });
pads[1].set(second, { quiet: true });
mix().then(show);
