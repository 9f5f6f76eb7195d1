"""Why an upstream cannot be connected to, in words that name no address."""

import os
import socket
import ssl
from errno import EMFILE, ENFILE, ENOBUFS, ENOMEM

import aiohttp

from router.domain.fault import AttemptFailed, FaultKind
from router.domain.members import replace

UNREACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""What aiohttp raises if there is no connection."""

_SHORT = frozenset({EMFILE, ENFILE, ENOBUFS, ENOMEM})
"""What a process or its machine has too little of: files, memory."""


def unreached(error: Exception) -> AttemptFailed:
    """The failure that one of `UNREACHED` means: the name, the network, the certificate, or our own open files.

    The last says nothing of the upstream, which other processes must not be told to leave alone.
    """
    failed = AttemptFailed.unreachable(f"it cannot be reached ({_why(error)})")
    if getattr(getattr(error, "os_error", None), "errno", None) in _SHORT:
        return AttemptFailed(replace(failed.fault, kind=FaultKind.OURS))
    return failed


def _why(error: Exception) -> str:
    why = _why_not(getattr(error, "os_error", None))
    return f"the proxy: {why}" if isinstance(error, aiohttp.ClientProxyConnectionError) else why


def _why_not(error: object) -> str:
    match error:
        case ssl.SSLCertVerificationError() as refused:
            return f"certificate not accepted: {refused.verify_message}"
        case ssl.SSLError() as failed:
            return f"no TLS: {failed.reason}"
        case socket.gaierror(strerror=why) | OSError(errno=None, strerror=str() as why):
            return str(why)
        case OSError(errno=int() as number):
            return os.strerror(number)
        case ConnectionError():
            return "the connection was closed"
        case _:
            return "no connection in time"
