"""Why an upstream cannot be connected to, in words that name no address."""

import os
import socket
import ssl

import aiohttp

from router.domain.fault import AttemptFailed

UNREACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""What aiohttp raises if there is no connection."""


def unreached(error: Exception) -> AttemptFailed:
    """The failure that one of `UNREACHED` means: the name, the network, the certificate, or our own open files."""
    return AttemptFailed.unreachable(f"it cannot be reached ({_why(error)})")


def _why(error: Exception) -> str:
    match getattr(error, "os_error", None):
        case ssl.SSLCertVerificationError() as refused:
            return f"certificate not accepted: {refused.verify_message}"
        case ssl.SSLError() as failed:
            return f"no TLS: {failed.reason}"
        case socket.gaierror() as unknown:
            return str(unknown.strerror)
        case OSError(errno=int() as number):
            return os.strerror(number)
        case _:
            return "no connection in time"
