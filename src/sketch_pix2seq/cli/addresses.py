"""The addresses of a site, as others can open them."""

from __future__ import annotations

import io
import ipaddress
import socket
import sys
from urllib.parse import urlsplit

from sketch_pix2seq.cli.terminal import print_line

_ALL = {"0.0.0.0": (4,), "::": (4, 6)}
"""Hosts that stand for all addresses of this machine, and the versions of IP that they let in."""
_ELSEWHERE = "198.51.100.1"
"""Belongs to nobody (RFC 5737). No packet is sent there."""


def addresses_of(address: str) -> list[str]:
    """Return the addresses that others can open: IPv4 first, that of the usual network before all.

    Args:
        address: Where a site listens, such as http://0.0.0.0:8000/.

    Returns:
        At least one; `address` alone if it names one place, or nobody else can open it.
    """
    parts = urlsplit(address)
    versions = _ALL.get(parts.hostname or "")
    if versions is None:
        return [address]
    usual = _usual_address()
    ips = [ip for ip in _addresses_of_this_machine() if ip.version in versions]
    ips.sort(key=lambda ip: (ip.version, str(ip) != usual))
    hosts = [f"[{ip}]" if ip.version == 6 else str(ip) for ip in ips]
    return [f"{parts.scheme}://{host}:{parts.port}/" for host in hosts] or [address]


def _addresses_of_this_machine() -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Those that other machines can reach."""
    import ifaddr

    texts = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    ips = [ipaddress.ip_address(text if isinstance(text, str) else text[0]) for text in texts]
    return [ip for ip in ips if not (ip.is_loopback or ip.is_link_local)]


def _usual_address() -> str:
    """The address of this machine from which it would speak to the world."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_ELSEWHERE, 9))  # of UDP: it only looks up the way
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def print_addresses(text: str, address: str) -> str:
    """Print where a site is, with a QR code where other devices can open it.

    Args:
        text: What stands before the address.
        address: Where it listens.

    Returns:
        The first address.
    """
    first, *others = addresses_of(address)
    print_line(f"{text} {first}")
    for other in others:
        print_line(f"{' ' * (len(text) - 3)}and {other}")
    if first != address and sys.stdout.isatty():
        for line in _qr_code(first).splitlines():
            print_line(line)
    sys.stdout.flush()
    return first


def _qr_code(address: str) -> str:
    """A code in half blocks, for terminals that write bright on dark or dark on bright."""
    import segno

    drawn = io.StringIO()
    segno.make(address, error="l", micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue()
