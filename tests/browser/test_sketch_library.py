"""The JavaScript reader in Chromium, under the sites' own content policy, against the numpy one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI, Request, Response
from playwright.sync_api import BrowserContext, Error, Page, expect
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

import sketch_pix2seq
from bundles import (
    plain_architecture,
    plain_card,
    tiny_attention_bundle,
    tiny_bundle,
    tiny_latents,
    write_bundle,
)
from serving import serving
from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.bundle.architectures import STROKES
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.weights import write_weights
from sketch_pix2seq.inference.noise import open_stream, read_noise
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise
from sketch_pix2seq.web.site import new_site

Drawing = list[list[list[float]]]

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src" / "sketch_pix2seq" / "web" / "static" / "sketch"
DRAWING = Sketch.from_points([[(31, 40), (20, 72), (45, 90.5), (80, 71)], [(50, 50)]])
PACKAGED = ROOT / "src" / "sketch_pix2seq" / "bundles" / "default"


def recurrent_bundle(picture_size: int = 48, **sizes: Any) -> Bundle:
    """A bundle with random weights, whose drawings have some strokes."""
    architecture = plain_architecture(
        **{"encoder_size": None, "latent_dim": 16, "decoder_size": 24, **sizes}
    )
    raster = RasterSettings(size=picture_size)
    card = plain_card(architecture=architecture, offset_scale=20.0, max_steps=50, raster=raster)
    rng = np.random.default_rng(0)
    shapes = card.shapes().items()
    arrays = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes}
    arrays["decoder.output.bias"][:3] = 3, 1, 0.5  # down, up, end
    return Bundle(card, write_weights(arrays), tiny_latents(1).to_bytes())


def blind_bundle(category: float = 0.5) -> Bundle:
    """A model that attends and never saw a picture; how often it was given a category."""
    bundle = tiny_attention_bundle()
    recipe = {"conditions": {"shown": 0.0, "partly": 0.0, "category": category}}
    return replace(bundle, card=replace(bundle.card, recipe=recipe))


WITHOUT_PICTURE: dict[str, Callable[[], Bundle]] = {
    "blind": blind_bundle,
    "lstm": tiny_bundle,
    "strokes": lambda: tiny_bundle(STROKES),
    "layer_norm": lambda: recurrent_bundle(
        256, name="layer_norm", encoder="conv", encoder_width=16
    ),
    "hyper": lambda: recurrent_bundle(name="hyper", hyper_size=12, hyper_embedding=4),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty page, the library, and bundles: that of the package, and of older kinds."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, bundle in WITHOUT_PICTURE.items():
        write_bundle(folder / name, bundle())
    write_bundle(folder / "code", blind_bundle(category=0.0))
    app = new_site("Library", "An empty page.")
    app.mount("/packaged", StaticFiles(directory=PACKAGED))
    app.mount("/bundles", StaticFiles(directory=folder))
    app.get("/")(lambda: HTMLResponse("<!doctype html><title>Library</title>"))
    with serving(app) as address:
        yield address


def drawings(rng: np.random.Generator, count: int) -> list[Sketch]:
    """Walks of any scale, with dots, straight lines and diagonals."""
    fixed = [[[(5, 5)]], [[(0, 0), (9, 0)]], [[(0, 0), (64, 1)], [(3, 3)]], [[(0, 0), (7, 7)]]]
    found = [Sketch.from_points(strokes) for strokes in fixed]
    for _ in range(count - len(found)):
        scale = 10 ** rng.uniform(-1, 3)
        strokes = [
            scale * rng.normal(size=(rng.integers(1, 12), 2)).cumsum(axis=0)
            for _ in range(rng.integers(1, 6))
        ]
        found.append(Sketch.from_points(strokes))
    return found


def as_lists(sketch: Sketch) -> Drawing:
    return [stroke.T.tolist() for stroke in sketch.strokes]


def test_pictures_and_noise_are_those_of_python(
    site: str, sheet: Page, rng: np.random.Generator
) -> None:
    sheet.goto(site)
    cases = []
    for sketch in drawings(rng, 60):
        size = int(rng.choice([28, 48, 64]))
        margin, width = float(rng.choice([0, 1, 2.5])), float(rng.choice([0.7, 1, 2, 4]))
        settings = RasterSettings(size=size, margin=margin, line_width=width)
        cases.append((sketch, settings))
    found = sheet.evaluate(
        """async cases => {
          const { rasterise } = await import("/static/sketch/raster.js");
          return cases.map(([drawing, settings]) => Array.from(rasterise(drawing, settings)));
        }""",
        [[as_lists(sketch), vars(settings)] for sketch, settings in cases],
    )
    for (sketch, settings), picture in zip(cases, found, strict=True):
        np.testing.assert_allclose(
            np.reshape(picture, (settings.size,) * 2), rasterise(sketch, settings), atol=1e-6
        )
    seeds = [(0, 0), (1, 7), (2**32, 3), (2**53 - 1, 2**31)]
    numbers = sheet.evaluate(
        """async seeds => {
          const { openStream } = await import("/static/sketch/noise.js");
          return seeds.map(([seed, index]) => {
            const noise = new Float32Array(40 * 9);
            openStream(seed, index).readNoise(noise, 9);
            return [Array.from(noise), openStream(seed, index).permutation(64)];
          });
        }""",
        [list(pair) for pair in seeds],
    )
    for (seed, index), (noise, order) in zip(seeds, numbers, strict=True):
        expected = read_noise([open_stream(seed, index)], 40, 9).ravel()
        np.testing.assert_allclose(noise, expected, rtol=1e-5, atol=1e-6)
        assert order == open_stream(seed, index).permutation(64).tolist()


LOAD = """async ([address, options]) => {
  const { Sketcher } = await import("/static/sketch/client.js");
  globalThis.sketcher?.close();
  globalThis.sketcher = await Sketcher.load(address, options);
  return sketcher.computesBy;
}"""


def in_page(sheet: Page, method: str, given: Any, **options: Any) -> Any:
    """Call a method of the page's sketcher."""
    return sheet.evaluate(
        """async ([method, given, options]) => {
          const result = await sketcher[method](given, options);
          return result instanceof Float32Array ? Array.from(result) : result;
        }""",
        [method, given, options],
    )


def is_same(strokes: Drawing, sketch: Sketch) -> bool:
    if [len(xs) for xs, _ in strokes] != [len(stroke) for stroke in sketch.strokes]:
        return False
    # steps are within 1e-3 units of `offset_scale`; points are sums of them
    pairs = zip(strokes, sketch.strokes, strict=True)
    return all(np.allclose(np.array(stroke).T, points, atol=0.02) for stroke, points in pairs)


def num_different(found: Sequence[Drawing], expected: Sequence[Sketch]) -> int:
    """How many drawings are others than Python's."""
    return sum(not is_same(*pair) for pair in zip(found, expected, strict=True))


def assert_same(found: Sequence[Drawing], expected: Sequence[Sketch]) -> None:
    assert num_different(found, expected) == 0


def test_all_methods_draw_what_python_draws(site: str, sheet: Page) -> None:
    sheet.goto(site)
    assert sheet.evaluate(LOAD, ["/packaged", {"gallery": True}]) == "simd"
    sketcher = Sketcher.load(num_threads=1)
    items = Bundle.default().gallery
    assert items is not None
    first, second = (item.sketch for item in (items.items[100], items.items[300]))
    a, b = as_lists(first), as_lists(second)
    np.testing.assert_allclose(in_page(sheet, "encode", a), sketcher.encode(first)[0], atol=1e-3)
    np.testing.assert_allclose(
        in_page(sheet, "latentAt", items.items[100].place), sketcher.encode(first)[0], atol=1e-3
    )
    weights = sheet.evaluate(
        """async () => {
          const { neighbours } = await import("/static/sketch/gallery.js");
          const near = neighbours(sketcher.gallery, [0.4, 0.6]);
          return near.map(({ item, weight }) => [sketcher.gallery.indexOf(item), weight]);
        }"""
    )
    shares = items.latent_at((0.4, 0.6), np.eye(len(items.items), dtype=np.float32))
    assert {number for number, _ in weights} == set(np.flatnonzero(shares).tolist())
    np.testing.assert_allclose([shares[number] for number, _ in weights], [w for _, w in weights])
    different = 0  # in one of 120 drawings rounding turns a choice that is nearly even
    again = sketcher.redraw(first, 2)
    different += num_different(in_page(sheet, "redraw", a, n=2), again)
    prediction = in_page(sheet, "classify", a)
    expected = sketcher.classify(first)
    assert prediction["labels"][:50] == expected.labels[0][:50]
    np.testing.assert_allclose(prediction["probabilities"], expected.probabilities[0], atol=1e-4)
    different += num_different(
        in_page(sheet, "redraw", a, n=3, seed=4), sketcher.redraw(first, 3, seed=4)
    )
    for fidelity in (0, 0.3, 1):
        different += num_different(
            in_page(sheet, "redraw", a, n=2, fidelity=fidelity, temperature=0.5),
            sketcher.redraw(first, 2, 0.5, fidelity=fidelity),
        )
    picture = sheet.evaluate(
        """async drawing => {
          const { rasterise } = await import("/static/sketch/raster.js");
          const picture = rasterise(drawing, sketcher.card.raster);
          return sketcher.redraw(picture, { n: 2, temperature: 0.1 });
        }""",
        b,
    )
    different += num_different(picture, sketcher.redraw(second, 2, 0.1))
    different += num_different(
        in_page(sheet, "redraw", b, n=2, bestOf=2), sketcher.redraw(second, 2, best_of=2)
    )
    different += num_different(
        in_page(sheet, "generate", "clock", n=2, seed=1), sketcher.generate("clock", 2, seed=1)
    )
    different += num_different(
        in_page(sheet, "generate", "clock", n=2, bestOf=2),
        sketcher.generate("clock", 2, best_of=2),
    )
    different += num_different(
        in_page(sheet, "mix", [a, b], steps=3), sketcher.mix([first, second], 3)
    )
    different += num_different(
        in_page(sheet, "mix", [a, b], steps=3, spherical=True, bestOf=2),
        sketcher.mix([first, second], 3, spherical=True, best_of=2),
    )
    started = Sketch.from_points([[(31, 40), (20, 72), (45, 90.5), (80, 71)], [(50, 50)]])
    given = as_lists(started)
    different += num_different(
        in_page(sheet, "complete", given, n=2), sketcher.complete(started, 2)
    )
    different += num_different(
        in_page(sheet, "complete", given, n=2, category="face"),
        sketcher.complete(started, 2, category="face"),
    )
    different += num_different(
        in_page(sheet, "complete", given, n=1, category="face", bestOf=3),
        sketcher.complete(started, 1, category="face", best_of=3),
    )
    assert sheet.evaluate(LOAD, ["/packaged", {"simd": False}]) == "plain"
    different += num_different(in_page(sheet, "redraw", a, n=2), again)
    assert different <= 1


def test_models_that_see_no_picture_draw_what_python_draws(site: str, sheet: Page) -> None:
    sheet.goto(site)
    drawing, given = DRAWING, as_lists(DRAWING)
    for name, bundle in WITHOUT_PICTURE.items():
        sheet.evaluate(LOAD, [f"/bundles/{name}", {}])
        sketcher = Sketcher(bundle(), num_threads=1)
        category, *_ = sketcher.card.categories
        np.testing.assert_allclose(
            in_page(sheet, "encode", given), sketcher.encode(drawing)[0], atol=1e-3
        )
        assert_same(in_page(sheet, "redraw", given, n=3), sketcher.redraw(drawing, 3))
        assert_same(in_page(sheet, "complete", given, n=2), sketcher.complete(drawing, 2))
        best = in_page(sheet, "generate", category, n=2, bestOf=2)
        assert_same(best, sketcher.generate(category, 2, best_of=2))
        best = in_page(sheet, "complete", given, bestOf=2)
        assert_same(best, sketcher.complete(drawing, best_of=2))
        assert_same(in_page(sheet, "generate", category, n=2), sketcher.generate(category, 2))
        with pytest.raises(Error, match="`fidelity` must be 0 or left out for a model that"):
            in_page(sheet, "redraw", given, fidelity=1)


def test_a_model_that_learned_no_category_is_given_none(site: str, sheet: Page) -> None:
    sheet.goto(site)
    sheet.evaluate(LOAD, ["/bundles/code", {}])
    drawn = in_page(sheet, "redraw", as_lists(DRAWING), n=4)
    for one, other in zip(drawn, Sketcher(blind_bundle(0.0)).redraw(DRAWING, 4), strict=True):
        assert [len(xs) for xs, _ in one] == [len(stroke) for stroke in other.strokes]


def test_a_page_follows_ends_and_explains(site: str, sheet: Page, rng: np.random.Generator) -> None:
    """Points as they are drawn, progress, an end by the page, and errors."""
    sheet.goto(site)
    with pytest.raises(Error, match="`model.json` of the bundle cannot be fetched; got 404"):
        sheet.evaluate(LOAD, ["/nowhere", {}])
    found = sheet.evaluate(
        """async drawing => {
          const { Sketcher, UsageError } = await import("/static/sketch/client.js");
          let bytes, done, points = [[], []];
          const sketcher = await Sketcher.load("/packaged", {
            onProgress: ({ loaded, total }) => (bytes = [loaded, total]),
          });
          const options = {
            n: 2, inFrame: true,
            onPoint: (number, x, y, lifts) => points[number].push([x, y, lifts]),
            onProgress: (...amount) => (done = amount),
          };
          const drawings = await sketcher.redraw(drawing, options);
          const abort = new AbortController();
          const long = sketcher.redraw(drawing, { n: 500, signal: abort.signal });
          setTimeout(() => abort.abort(), 50);
          const ended = await long.catch((error) => error.name);
          const wrong = [
            sketcher.redraw([]), sketcher.redraw(drawing, { fidelity: 2 }),
            sketcher.generate("unicorns"), sketcher.redraw(drawing, { n: 0.5 }),
          ].map((call) => call.catch((error) => error));
          const errors = await Promise.all(wrong);
          const kind = errors[1] instanceof UsageError;
          const [cat, upper] = await Promise.all(
            ["cat", "CAT"].map((name) => sketcher.generate(name)),
          );
          const named = [cat, upper].map((drawing) => JSON.stringify(drawing));
          return { bytes, drawings, points, done, ended, kind, named, errors: errors.map(String) };
        }""",
        as_lists(drawings(rng, 5)[-1]),
    )
    loaded, total = found["bytes"]
    assert loaded == total > 6_000_000
    assert found["done"] == [2, 2]
    for drawing, points in zip(found["drawings"], found["points"], strict=True):
        expected = np.concatenate([np.array(stroke).T for stroke in drawing])
        np.testing.assert_allclose([point[:2] for point in points], expected, atol=0.01)
        assert sum(lifts for _, _, lifts in points) == len(drawing)
    assert found["ended"] == "AbortError"
    assert found["kind"]
    assert found["named"][0] == found["named"][1]
    assert [re.sub(r"[.;].*", "", error) for error in found["errors"]] == [
        "DrawingError: a drawing must be a list of strokes, at least one",
        "UsageError: `fidelity` must be a number from 0 to 1",
        "UsageError: `category` must be one that the model knows",
        "UsageError: `n` must be a whole number",
    ]


def test_a_worker_that_ends_fails_all_calls_and_another_one_draws(
    site: str, sheet: Page, rng: np.random.Generator
) -> None:
    sheet.goto(site)
    found = sheet.evaluate(
        """async drawing => {
          const { Sketcher, trace } = await import("/static/sketch/client.js");
          const address = new URL("/static/sketch/worker.js", location.href);
          const worker = new Worker(address, { type: "module" });
          const sketcher = await Sketcher.load("/packaged", { worker });
          const fails = (call) => call.then(() => "drawn", ({ message }) => message);
          const states = [sketcher.isClosed], call = fails(sketcher.redraw(drawing, { n: 500 }));
          worker.dispatchEvent(new ErrorEvent("error", { message: "no memory" }));
          states.push(await call, await fails(sketcher.redraw(drawing)), sketcher.isClosed);
          const again = await Sketcher.load("/packaged");
          again.close();
          states.push(await fails(again.encode(drawing)));

          const workers = [];
          globalThis.Worker = class extends Worker {
            constructor(...args) {
              super(...args);
              workers.push(this);
            }
          };
          const picture = new ImageData(100, 100);
          for (let at = 4 * 5000; at < 4 * 5400; at++) picture.data[at] = at % 4 === 3 ? 255 : 0;
          await trace(picture);
          workers[0].dispatchEvent(new ErrorEvent("error"));
          return [...states, (await trace(picture)).strokes.length, workers.length];
        }""",
        as_lists(drawings(rng, 5)[-1]),
    )
    ended = "the worker has ended; got no memory. Load another one."
    closed = "the sketcher is closed. Load another one."
    assert found == [False, ended, ended, True, closed, 1, 2]


DAMAGE = """async () => {
  const { Bundle } = await import("/static/sketch/bundle.js");
  const { Sketcher } = await import("/static/sketch/sketcher.js");
  const names = ["model.json", "weights.safetensors", "latents.safetensors"];
  const read = async (name) => (await fetch(`/bundles/layer_norm/${name}`)).arrayBuffer();
  const whole = new Map(await Promise.all(names.map(async (name) => [name, await read(name)])));
  const card = JSON.parse(new TextDecoder().decode(whole.get("model.json")));
  const bytes = (text) => new TextEncoder().encode(text).buffer;
  const header = (json) => {
    const size = new BigUint64Array([BigInt(json.length)]);
    return new Uint8Array([...new Uint8Array(size.buffer), ...new Uint8Array(bytes(json))]).buffer;
  };
  const weights = whole.get("weights.safetensors");
  const endless = weights.slice();
  new Uint8Array(endless).fill(255, endless.byteLength - 4);
  const { architecture, raster } = card;
  const cards = [
    { format_version: 1 }, { architecture: null }, { architecture: "lstm" }, { raster: null },
    { architecture: { ...architecture, name: "unknown" } }, { categories: [] }, { categories: [1] },
    { architecture: { ...architecture, decoder_size: 0.5 } }, { offset_scale: 0 },
    { architecture: { ...architecture, decoder_size: 48 } }, { temperature: null },
    { architecture: { ...architecture, encoder_width: 12 } }, { max_steps: 1e9 },
    { raster: { ...raster, size: 50 } }, { raster: { ...raster, margin: -1 } },
  ].map((changes) => ["model.json", bytes(JSON.stringify({ ...card, ...changes }))]);
  const files = [
    ["model.json", bytes("{")], ["model.json", bytes("[]")], ["model.json", undefined],
    ["weights.safetensors", undefined], ["weights.safetensors", new ArrayBuffer(3)],
    ["weights.safetensors", weights.slice(0, -40)], ["weights.safetensors", endless],
    ["weights.safetensors", header("null")], ["weights.safetensors", header("{\\"a\\": null}")],
    ["weights.safetensors", header("{\\"a\\": {\\"dtype\\": \\"F32\\", \\"shape\\": [-1]}}")],
    ["latents.safetensors", weights], ["gallery.ndjson", bytes("{}")],
    ["classifier.json", whole.get("model.json")],
  ];
  return [...cards, ...files].map(([name, content]) => {
    try {
      new Sketcher(new Bundle(new Map(whole).set(name, content)));
      return `none: ${name}`;
    } catch (error) {
      return `${error.name}: ${error.message}`;
    }
  });
}"""


def test_damaged_bundles_are_refused(site: str, sheet: Page) -> None:
    sheet.goto(site)
    errors = sheet.evaluate(DAMAGE)
    assert [error for error in errors if not error.startswith("BundleError: ")] == []
    assert len(set(errors)) > len(errors) / 2


def test_the_page_of_the_documents_draws(context: BrowserContext, tmp_path: Path) -> None:
    """From a plain static server whose content policy forbids WebAssembly, too."""
    document = (ROOT / "docs" / "javascript.md").read_text(encoding="utf-8")
    for language, name in (("html", "index.html"), ("js", "page.js")):
        (block,) = re.findall(rf"^```{language}\n(.*?)^```", document, re.DOTALL | re.MULTILINE)
        (tmp_path / name).write_text(block, encoding="utf-8")
    (tmp_path / "sketch").symlink_to(LIBRARY)
    (tmp_path / "bundle").symlink_to(PACKAGED)
    app = FastAPI()

    @app.middleware("http")
    async def add_policy(request: Request, call_next: Callable[..., Any]) -> Response:
        answer: Response = await call_next(request)
        answer.headers["Content-Security-Policy"] = "default-src 'self'"
        return answer

    app.mount("/", StaticFiles(directory=tmp_path, html=True, follow_symlink=True))
    page = context.new_page()
    wrong: list[Error] = []
    page.on("pageerror", lambda error: wrong.append(error))
    with serving(app) as address:
        page.goto(address)
        expect(page.locator("#pad")).to_have_attribute("style", re.compile("none"))  # is loaded
        for points in (
            [(60, 60), (200, 60), (200, 200), (60, 200), (60, 60)],
            [(90, 120), (160, 130)],
        ):
            page.mouse.move(*points[0])
            page.mouse.down()
            for point in points[1:]:
                page.mouse.move(*point, steps=4)
            page.mouse.up()
        expect(page.locator("#pad path")).to_have_attribute("d", re.compile(r"^M.*L.*M"))
        expect(page.locator("#paper path")).to_have_attribute("d", re.compile(r"^M[\d.]+ .*L"))
        computes_by = page.evaluate(
            """async () => {
              const { Sketcher } = await import("/sketch/client.js");
              return (await Sketcher.load("bundle")).computesBy;
            }"""
        )
    assert computes_by == "plain"
    assert not wrong


def test_the_package_for_npm_says_what_python_says() -> None:
    package = json.loads((LIBRARY / "package.json").read_text(encoding="utf-8"))
    facts = metadata("sketch-pix2seq")
    assert package["version"] == sketch_pix2seq.__version__
    assert package["license"] == facts["License-Expression"]
    assert all((LIBRARY / path).is_file() for path in package["exports"].values())
