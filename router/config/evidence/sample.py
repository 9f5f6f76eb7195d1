"""The shipped sample of requests (router/artefacts/sample/, with its card)."""

from importlib.resources import files


def sample_requests() -> bytes:
    """The sample as JSON lines, in the form of OpenAI's batch files."""
    return (files("router") / "artefacts" / "sample" / "requests.jsonl").read_bytes()
