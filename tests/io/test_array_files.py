"""sketch-rnn's npz: read as it is found in the world, and never run."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sketch_pix2seq.data.reading import ReadReport, read_drawings
from sketch_pix2seq.errors import DatasetError, DrawingError
from sketch_pix2seq.io import array_files
from sketch_pix2seq.io.array_files import read_npz, write_npz
from sketch_pix2seq.io.ndjson import SimplifiedDrawing
from sketch_pix2seq.io.pickled_arrays import load_arrays

SQUARE = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 1], [-9, 0, 1]], np.int16)


def read(content: bytes) -> list[SimplifiedDrawing]:
    found = list(read_npz(io.BytesIO(content)))
    assert all(isinstance(drawing, SimplifiedDrawing) for drawing in found)
    return found  # type: ignore[return-value]


def packed(**members: bytes) -> bytes:
    """A zip with such members, each the pickle of an array of objects behind a valid header."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def headed(content: bytes, shape: str = "(2,)", dtype: str = "|O") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + content


def objects(*drawings: object) -> np.ndarray:
    array = np.empty(len(drawings), object)
    for number, drawing in enumerate(drawings):
        array[number] = drawing
    return array


@pytest.mark.parametrize("protocol", [2, 3, 4])  # numpy has never written others
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(protocol: int, save: Callable[..., None]) -> None:
    file = io.BytesIO()
    save(file, train=objects(SQUARE, SQUARE[:2]), test=objects(SQUARE.astype(np.float64)))
    first, second, third = read(file.getvalue())
    assert first.points.tolist() == [[-4, -4], [5, -4], [5, 5], [-4, 5]]
    assert first.lifts.tolist() == [False, False, True, True]
    assert second.points.tolist() == [[-4, 0], [5, 0]]
    assert third.points.tolist() == first.points.tolist()
    pickled = pickle.dumps(objects(SQUARE, SQUARE[::-1]), protocol=protocol)
    found = load_arrays(pickled, 2)
    assert np.array_equal(found[0], SQUARE)
    assert np.array_equal(found[1], SQUARE[::-1])


def test_drawings_of_one_length_that_numpy_has_stacked_are_read() -> None:
    file = io.BytesIO()
    np.savez(file, train=np.stack([SQUARE, SQUARE]))
    assert len(read(file.getvalue())) == 2


def test_a_real_file_is_read(quickdraw: Path) -> None:
    report = ReadReport()
    path = quickdraw.parent / "sketchrnn" / "omniglot.npz"
    found = list(read_drawings(path, report=report))
    assert (len(found), report.read, report.kept) == (32_000, 32_000, 32_000)
    with np.load(path, allow_pickle=True, encoding="latin1") as plain:
        for drawing, rows in zip(found, plain["train"], strict=False):
            steps = np.diff(drawing.points, axis=0, prepend=drawing.points[:1])
            assert np.array_equal(steps[1:], rows[1:, :2])


class _Reduces:
    def __init__(self, *how: Any) -> None:
        self.how = how

    def __reduce__(self) -> Any:
        return self.how


def gadgets(marker: Path) -> Iterator[tuple[str, bytes]]:
    """Pickles that would touch the marker if they were run."""
    touch = f"touch {marker}"
    python = f"open({str(marker)!r}, 'w')"
    np_multi = b"cnumpy.core.multiarray\n_reconstruct\n"
    import os
    import subprocess

    yield "os.system", pickle.dumps(_Reduces(os.system, (touch,)))
    yield "os.system, protocol 0", pickle.dumps(_Reduces(os.system, (touch,)), 0)
    yield "subprocess", pickle.dumps(_Reduces(subprocess.getoutput, (touch,)))
    yield "eval", pickle.dumps(_Reduces(eval, (python,)))
    yield "exec", pickle.dumps(_Reduces(exec, (python,)))
    yield "nested", pickle.dumps(objects(SQUARE, _Reduces(os.system, (touch,))))
    yield "inner", pickle.dumps(objects(objects(_Reduces(exec, (python,)))))
    load = _Reduces(pickle.loads, (pickle.dumps(_Reduces(exec, (python,))),))
    yield "pickle in pickle", pickle.dumps(load)
    yield "dotted name", b"\x80\x04\x8c\x05numpy\x8c\x0aos.system.x\x93."
    yield "numpy's own", f"cnumpy.testing._private.utils\nrunstring\n(V{python}\nd}}tR.".encode()
    yield "f2py", f"cnumpy.f2py.crackfortran\nmyeval\n(V{python}\ntR.".encode()
    yield "numpy.load", f"cnumpy\nload\n(V{marker}\ntR.".encode()
    yield "fromfile", b"cnumpy\nfromfile\n(V/etc/passwd\ntR."
    yield "getattr", b"c__builtin__\ngetattr\n(cos\nsystem\nVx\ntR."
    yield "instance", f"(ios\nsystem\nV{touch}\n.".encode()
    yield "object", f"(cos\nsystem\nV{touch}\no.".encode()
    yield "extension", b"\x80\x02\x82\x01."
    yield "persistent", b"Pevil\n."
    yield "state for a name", np_multi + b"}(V__code__\nNub."
    yield "state for an array", np_multi + b"(cnumpy\nndarray\n(I0\ntS'b'\ntR}(V__class__\nNub."
    yield "called names", b"cnumpy\nndarray\n(I9\ntR."
    yield "class of its own", np_multi + b"(cos\nsystem\n(I0\ntS'b'\ntR."
    yield "codec", b"c_codecs\nencode\n(Vx\nVzlib\ntR."
    yield "object dtype", b"cnumpy\ndtype\n(VV99999999\ntR."
    yield "new object", b"\x80\x02cnumpy\nndarray\n)\x81."


def test_nothing_in_a_malicious_file_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    tried = 0
    for name, content in gadgets(marker):
        path = tmp_path / f"{name}.npz"
        path.write_bytes(packed(train=headed(content)))
        with pytest.raises(DatasetError, match=r"npz`: a pickle must (hold|be)"):
            list(read_drawings(path))
        assert not marker.exists(), name
        tried += 1
    assert tried >= 25


def bombs() -> Iterator[tuple[str, bytes]]:
    """Files that claim or unfold far more than they are."""
    yield "many nothings", packed(train=headed(b"(" + b"]" * 50_000_000))
    yield "some nothings", packed(train=headed(b"(" + b"]" * 80_000 + bytes(range(256)) * 40))
    yield "huge memo", packed(train=headed(b"Nr\xff\xff\xff\x7f."))
    yield "huge bytes", packed(train=headed(b"\x80\x04\x8e" + b"\xff" * 7 + b"\x00abc."))
    yield "huge text", packed(train=headed(b"\x80\x02X\xff\xff\xff\x7fabc."))
    yield "huge frame", packed(train=headed(b"\x80\x04\x95" + b"\xff" * 7 + b"\x00abc."))
    yield "huge number", packed(train=headed(b"I" + b"9" * 100_000 + b"\n."))
    yield "huge list", packed(train=headed(b"N.", "(4611686018427387904,)"))
    yield "huge array", packed(train=headed(b"", "(1000000, 1000000, 3)", "<i2"))
    yield "huge head", packed(train=b"\x93NUMPY\x02\x00" + b"\xff\xff\xff\x7f" + b" " * 1000)
    yield "negative memory", packed(train=headed(b"Np-1\n."))
    yield "frame", packed(train=headed(b"\x80\x04\x95\x00\x00\x00\x10\x00\x00\x00\x00N."))
    yield "unclosed head", packed(train=headed(b"N.", "(2, ("))
    yield "negative", packed(train=headed(b"N.", "(-1,)"))


def repeating(count: int, got: bytes = b"") -> bytes:
    """A pickle of `count` arrays of 3,000 numbers that stand in it once."""
    pickled = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02"
    pickled += b"h\x01h\x02K\x00\x85U\x01b\x87R(K\x01M%c%c\x85" % divmod(count, 256)[::-1]
    pickled += b"cnumpy\ndtype\nq\x03U\x02O8K\x00K\x01\x87R(K\x03U\x01|NNNtb\x89]q\x04("
    kind = b"h\x03U\x02i2K\x00K\x01\x87R(K\x03U\x01<NNNtbq\x05"
    state = b"(K\x01M\xe8\x03K\x03\x86" + kind + b"\x89T\x70\x17\x00\x00" + bytes(6000)
    new = b"h\x01h\x02K\x00\x85U\x01b\x87R"
    pickled += new + state + b"q\x06tbq\x07"
    if got:
        return pickled + got * (count - 1) + b"etb."
    again = new + b"(K\x01M\xe8\x03K\x03\x86h\x05\x89h\x06tb"
    return pickled + again * (count - 1) + b"etb."


@pytest.mark.parametrize("name", [name for name, _ in bombs()])
def test_bombs_do_not_go_off(name: str) -> None:
    with pytest.raises(DrawingError):
        read(dict(bombs())[name])


PLAIN = {
    "bool side": ("(True, 2, 3)", "<i2"),
    "negative side": ("(-1, 2, 3)", "<i2"),
    "negative sides": ("(-1, -2, 3)", "<i2"),
    "huge side": ("(10**30, 2, 3)".replace("10**30", "1" + "0" * 30), "<i2"),
    "no rows": ("(100000000, 0, 3)", "<i2"),
    "no columns": ("(2, 2, 0)", "<i2"),
    "nothing long": ("(100000000, 0, 0)", "<i2"),
    "two columns": ("(2, 2, 2)", "<i2"),
    **{kind: ("(2, 2, 3)", kind) for kind in ("|S1", "<U1", "|V2", "<c8", "<m8[s]", "|b1", "<f16")},
    **{kind: ("(1000000, 1, 3)", kind) for kind in ("<U0", "|V0")},
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_arrays_of_other_kinds_are_refused(name: str) -> None:
    with pytest.raises(DrawingError, match="`train` must|an array in an npz must"):
        read(packed(train=headed(bytes(2000), *PLAIN[name])))


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(kind: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        archive.writestr("train.npy", headed(bytes(24), "(2, 2, 3)", "<i2"))
    with pytest.raises(DrawingError, match="`train` in an npz must be packed by deflate"):
        read(file.getvalue())


def test_columns_with_names_are_refused() -> None:
    header = "{'descr': [('a', '<i2')], 'fortran_order': False, 'shape': (2, 2, 3), }\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(24)
    with pytest.raises(DrawingError, match="`train` must be numbers"):
        read(packed(train=content))


_TWICE = b"".join(b"q%ch%c\x86" % (n, n) for n in range(60))
SWOLLEN = {
    "repeated numbers": (repeating(3000), 3000, "the same numbers again and again"),
    "repeated array": (repeating(3001, b"h\x07"), 3001, "the same array again and again"),
    "many lists": (b"\x80\x02" + b"]" * 900 + b"N" * 60_000, 1000, "more than its header"),
    "nested tuples": (b"\x80\x02N" + b"\x85" * 60_000 + b".", 1000, "more than its header"),
    "type of many names": (
        b"\x80\x02cnumpy\ndtype\nN" + _TWICE + b"\x85R.",
        3,
        "numbers of the type 'tuple'",
    ),
}


@pytest.mark.parametrize("name", SWOLLEN)
def test_pickles_that_swell_are_refused(name: str) -> None:
    content, count, message = SWOLLEN[name]
    with pytest.raises(DrawingError, match=message):
        load_arrays(content, count)


def test_a_pickle_as_python_2_writes_it_is_read() -> None:
    (array,) = load_arrays(repeating(1), 1)
    assert array.shape == (1000, 3)


@pytest.mark.parametrize("part", range(12))
def test_a_file_cut_anywhere_is_refused(part: int) -> None:
    file = io.BytesIO()
    np.savez_compressed(file, train=objects(*[SQUARE] * 50))
    content = file.getvalue()
    with pytest.raises(DrawingError):
        read(content[: 4 + (len(content) - 5) * part // 11])


def test_wrong_drawings_are_counted() -> None:
    file = io.BytesIO()
    nan = SQUARE * np.float32("nan")
    wide = SQUARE.astype(np.int32) * 30_000
    huge = SQUARE * 1e307
    np.savez(
        file, valid=objects(SQUARE, SQUARE[:0], SQUARE[:, :2], nan, wide, huge, SQUARE.ravel())
    )
    _, *wrong = read_npz(io.BytesIO(file.getvalue()))
    assert [str(error).split(";")[0] for error in wrong] == [
        "a drawing must have 1 to 100000 points",
        "a drawing must have rows of dx, dy, lift",
        "offsets must be finite",
        "a drawing must be at most 32767 units wide and high",
        "a drawing must be at most 32767 units wide and high",
        "a drawing must have rows of dx, dy, lift",
    ]


def test_other_zips_and_arrays_are_refused() -> None:
    for content, message in (
        (packed(cat=b"x"), "valid header"),
        (packed(train=b"x"), "valid header"),
        (packed(train=headed(b"N.", "()")), "must hold a list of arrays"),
        (packed(train=headed(b"N.", "(2, 4, 3)")), "got .2, 4, 3.. Save .* without `dtype=object`"),
        (packed(train=headed(b"N.")), "arrays of numbers alone"),
        (packed(train=headed(pickle.dumps(objects(SQUARE)))), "another number of arrays"),
        (packed(train=headed(pickle.dumps([SQUARE, SQUARE]))), "another number of arrays"),
    ):
        with pytest.raises(DrawingError, match=message):
            read(content)


def test_a_name_that_is_no_text_is_refused() -> None:
    content = packed(träin=b"").replace("\u00e4".encode(), b"\xff\xff")
    with pytest.raises(DrawingError, match="an npz must be a whole zip file; got 'utf-8' codec"):
        read(content)


def test_the_largest_size_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_files, "_MAX_BYTES", 10)
    with pytest.raises(DrawingError, match="at most 10 bytes"):
        read(b"x" * 11)


@given(
    st.lists(
        arrays(np.int16, st.tuples(st.integers(1, 20), st.just(3)), elements=st.integers(-99, 99)),
        max_size=5,
    )
)
def test_what_is_written_is_read_by_us_and_by_numpy(drawings: list[np.ndarray]) -> None:
    file = io.BytesIO()
    write_npz(file, {"train": drawings})
    found = read(file.getvalue())
    assert len(found) == len(drawings)
    for ours, rows in zip(found, drawings, strict=True):
        assert np.array_equal(np.diff(ours.points, axis=0), rows[1:, :2])
        assert np.array_equal(ours.lifts[:-1], rows[:-1, 2] != 0)
    file.seek(0)
    with np.load(file, allow_pickle=True, encoding="latin1") as plain:
        assert plain["train"].dtype == object
        assert plain["train"].shape == (len(drawings),)
        assert all(map(np.array_equal, plain["train"], drawings))
        assert plain["valid"].shape == plain["test"].shape == (0,)
