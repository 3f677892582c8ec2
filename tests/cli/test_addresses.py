"""Where a site can be opened, as it is printed."""

from __future__ import annotations

from types import SimpleNamespace

import ifaddr
import pytest

from sketch_pix2seq.cli import addresses
from sketch_pix2seq.cli.addresses import addresses_of, print_addresses


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two networks, of which the second leads to the world."""
    all_of_it = ["127.0.0.1", "169.254.3.4", "172.17.0.1", "192.168.1.20"]
    all_of_it += [("::1", 0, 0), ("fe80::1", 0, 2), ("fd00::2", 0, 0)]  # type: ignore[list-item]
    cards = [SimpleNamespace(ips=[SimpleNamespace(ip=ip)]) for ip in reversed(all_of_it)]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: cards)
    monkeypatch.setattr(addresses, "_usual_address", lambda: "192.168.1.20")


def test_all_that_others_can_open_are_found() -> None:
    four = ["http://192.168.1.20:80/", "http://172.17.0.1:80/"]
    assert addresses_of("http://0.0.0.0:80/") == four
    assert addresses_of("http://[::]:80/") == [*four, "http://[fd00::2]:80/"]
    for named in ("http://127.0.0.1:80/", "http://studio.example:80/", "http://[::1]:80/"):
        assert addresses_of(named) == [named]


def test_a_machine_without_a_network_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ifaddr, "get_adapters", list)
    assert addresses_of("http://0.0.0.0:80/") == ["http://0.0.0.0:80/"]


def test_they_are_printed_and_a_terminal_shows_a_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert print_addresses("Open at", "http://0.0.0.0:80/") == "http://192.168.1.20:80/"
    lines = ["Open at http://192.168.1.20:80/", "    and http://172.17.0.1:80/"]
    assert capsys.readouterr().out.splitlines() == lines
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_addresses("Open at", "http://0.0.0.0:80/")
    code = capsys.readouterr().out.splitlines()[2:]
    assert len(code) > 12
    assert set("".join(code)) <= set(" █▀▄")
    print_addresses("Open at", "http://127.0.0.1:80/")
    assert capsys.readouterr().out == "Open at http://127.0.0.1:80/\n"
