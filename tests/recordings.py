"""Sounds and documents that are what they say at their beginning, and nothing after it."""

import io
import wave


def wav(seconds: int, rate: int = 16_000, channels: int = 1, bits: int = 16) -> bytes:
    """A silent WAV file."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(bits // 8)
        file.setframerate(rate)
        file.writeframes(bytes(seconds * rate * channels * bits // 8))
    return written.getvalue()


def pdf(size: int) -> bytes:
    """The beginning of a PDF of so many bytes."""
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".ljust(size, b"\0")[:size]


def linear_pdf(pages: int) -> bytes:
    """The beginning of a PDF as it is written for the web."""
    head = f"%PDF-1.6\r%....\r\n30 0 obj\r<</Linearized 1/L 945112/O 31/E 18934/N {pages}/T 944489"
    return f"{head}/H [ 476 247]>>".encode().ljust(50_000)
