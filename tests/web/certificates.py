"""Certificates for the loopback web's https, made with the ``openssl`` command."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


def authority(folder: Path) -> Path:
    """A certificate authority of one's own; gives the PEM file to trust."""
    certificate = folder / "ca.pem"
    _openssl(
        "req", "-x509", *_KEY, "-subj", "/CN=Loopback CA", "-keyout", folder / "ca.key",
        "-out", certificate, "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    return certificate


def server(folder: Path, *names: str, ca: Path | None = None) -> ssl.SSLContext:
    """The server side for hosts ``names``; signed by itself where no ``ca`` of here signs it."""
    certificate, key = folder / f"{names[0]}.pem", folder / f"{names[0]}.key"
    signer = ("-CA", ca, "-CAkey", ca.with_suffix(".key")) if ca is not None else ()
    _openssl(
        "req", "-x509", *_KEY, *signer, "-subj", f"/CN={names[0]}", "-keyout", key,
        "-out", certificate, "-addext", "basicConstraints=critical,CA:FALSE",
        "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _openssl(*arguments: str | Path) -> None:
    command = shutil.which("openssl")
    if command is None:
        if os.environ.get("CI"):
            pytest.fail("the openssl command is missing, and CI must have it")
        pytest.skip("the openssl command is not here")
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
