"""Certificates that only a test trusts."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

NEEDS_OPENSSL = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl to make a certificate with"
)
_COMMAND = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test"
)


def certificate(folder: Path, *names: str) -> Path:
    """A certificate, with its key in the same file, for hosts of these names and for 127.0.0.1."""
    made = folder / f"{names[0]}.pem"
    named = ",".join([*(f"DNS:{name}" for name in names), "IP:127.0.0.1"])
    files = ["-out", str(folder / "cert"), "-keyout", str(folder / "key")]
    command = [*_COMMAND.split(), "-addext", f"subjectAltName={named}", *files]
    subprocess.run(command, check=True, capture_output=True)
    made.write_bytes(b"".join((folder / each).read_bytes() for each in ("cert", "key")))
    return made


def serving(made: Path) -> ssl.SSLContext:
    """TLS of a server that has this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made)
    return context
