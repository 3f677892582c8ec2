// Drawings in files: pictures and photos are traced, SVGs are walked along.

import { trace } from "../sketch/client.js";
import { strokesInSvg } from "./svg.js";
import { t, Trouble } from "./words.js";

const MOST = 50_000_000; // bytes

/** The strokes of the drawing in a file. */
export async function strokesIn(file) {
  if (file.size > MOST) throw new Trouble(t("fileTooLarge"));
  const begins = await file.slice(0, 1000).text();
  if (/<(svg|!doctype svg|[a-z]+:svg)\b/i.test(begins)) return strokesInSvg(await file.text());
  return (await trace(file)).strokes;
}
