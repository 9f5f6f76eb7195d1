"""Answers as upstreams send them and a cache keeps them, whole and as streams."""

import json
from dataclasses import dataclass
from typing import Any

import orjson
from hypothesis import strategies as st

from router.wire.sse import event_of

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.lists(
    st.sampled_from(
        [
            "word ",
            "longer-word, ",
            "\n",
            "\r\n",
            " ",
            "e\u0301",
            "\u0301",
            "你好吗",
            "👩\u200d👩\u200d👧 ",
            "🇩🇪",
            "{}[]",
            '","id":"x',
            "\\",
        ]
    ),
    max_size=80,
).map("".join)
_FEW = st.integers(0, 9)
_MAYBE_TEXT = st.none() | TEXTS
_NAMES = st.text("abcdef_", min_size=1, max_size=8)

_CALLS = st.builds(
    lambda call_id, name, arguments: {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    _NAMES,
    _NAMES,
    TEXTS,
)
_MESSAGES = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": _MAYBE_TEXT, "refusal": _MAYBE_TEXT},
    optional={
        "reasoning_content": _MAYBE_TEXT,
        "tool_calls": st.lists(_CALLS, min_size=1, max_size=3),
        "function_call": st.fixed_dictionaries({"name": _NAMES, "arguments": TEXTS}),
        "annotations": st.just([]),
    },
)
_TOKENS = st.fixed_dictionaries(
    {"token": TEXTS, "logprob": st.just(-0.5), "bytes": st.none(), "top_logprobs": st.just([])}
)
_LOGPROBS = st.none() | st.fixed_dictionaries(
    {"content": st.none() | st.lists(_TOKENS, max_size=3), "refusal": st.none()}
)
ENDS = st.sampled_from(["stop", "length", "tool_calls", "content_filter", "function_call"])
_CHOICES = st.fixed_dictionaries(
    {"message": _MESSAGES, "logprobs": _LOGPROBS, "finish_reason": ENDS}
)
USAGES = st.builds(
    lambda read, written: {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    },
    _FEW,
    _FEW,
)


@st.composite
def completions(draw: st.DrawFn) -> dict[str, Any]:
    """A whole chat completion, with several choices, calls and refusals as it comes."""
    choices = draw(st.lists(_CHOICES, min_size=1, max_size=3))
    optional = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "service_tier": st.sampled_from(["default", "flex"]),
                "system_fingerprint": _NAMES,
                "usage": USAGES,
            },
        )
    )
    return {
        "id": draw(_NAMES),
        "object": "chat.completion",
        "created": draw(_FEW),
        "model": draw(_NAMES),
        "choices": [{"index": index, **choice} for index, choice in enumerate(choices)],
        **optional,
    }


def chunk(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One chunk, as OpenAI writes it."""
    head = {"id": "chatcmpl-old", "object": "chat.completion.chunk", "created": 7, "model": "m"}
    return {**head, "choices": list(choices), **more}


def delta(said: dict[str, Any], end: str | None = None, index: int = 0, **more: Any) -> Any:
    """What a chunk says of one choice."""
    return {"index": index, "delta": said, "logprobs": None, "finish_reason": end, **more}


def stream(*chunks: dict[str, Any]) -> bytes:
    """A stored stream of these chunks."""
    return b"".join(event_of(orjson.dumps(each)) for each in chunks)


@dataclass(frozen=True)
class StoredStream:
    """Chunks without their ids, the ids that they had (None for none), and how they are written."""

    chunks: list[dict[str, Any]]
    ids: list[str | None]
    is_spaced: bool
    between: bytes

    @property
    def body(self) -> bytes:
        written = (None if each is None else self._id(each) for each in self.ids)
        return b"".join(map(self._event, self.chunks, written))

    def renamed(self, answer_id: str) -> bytes:
        """The same bytes, had the upstream given this id; what it left out is put in tightly."""
        tight = f'"id":{json.dumps(answer_id)},'
        written = (tight if each is None else self._id(answer_id) for each in self.ids)
        return b"".join(map(self._event, self.chunks, written))

    def _id(self, chunk_id: str) -> str:
        colon, comma = (": ", ", ") if self.is_spaced else (":", ",")
        return f'"id"{colon}{json.dumps(chunk_id)}{comma}'

    def _event(self, told: dict[str, Any], written_id: str | None) -> bytes:
        separators = (", ", ": ") if self.is_spaced else (",", ":")
        text = json.dumps(told, separators=separators, ensure_ascii=self.is_spaced)
        return self.between + event_of(f"{{{written_id or ''}{text[1:]}".encode())


@st.composite
def streams(draw: st.DrawFn) -> StoredStream:
    """A stream of up to three choices, interleaved, with calls, and with or without a usage chunk."""
    count = draw(st.integers(1, 3))
    said = st.one_of(
        st.fixed_dictionaries({"content": _MAYBE_TEXT}),
        st.fixed_dictionaries({"refusal": TEXTS}),
        _CALLS.map(lambda call: {"tool_calls": [{"index": 0, **call}]}),
        _CALLS.map(lambda call: {"tool_calls": [{"index": 1, **call}]}),
        st.just({"role": "assistant"}),
    )
    told = draw(st.lists(st.tuples(st.integers(0, count - 1), said), max_size=8))
    ends = [delta({}, draw(ENDS), index) for index in range(count)]
    chunks = [chunk(each) for each in [*(delta(part, index=index) for index, part in told), *ends]]
    if draw(st.booleans()):
        chunks.append(chunk(usage=draw(USAGES)))
    ids = [None, "chatcmpl-old", "", "a\\b"] if draw(st.booleans()) else ["chatcmpl-old"]
    for each in chunks:
        del each["id"]
    return StoredStream(
        chunks,
        draw(st.lists(st.sampled_from(ids), min_size=len(chunks), max_size=len(chunks))),
        is_spaced=draw(st.booleans()),
        between=draw(st.sampled_from([b"", b": keep-alive\n\n", b"event: x\n"])),
    )
