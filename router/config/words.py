"""The kinds of words and numbers that a configuration is written in, each with what would be right."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _text(pattern: str, expected: str) -> AfterValidator:
    """A check of text against `pattern`; the message says what is right and never repeats the text."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"must be {expected}")
        return text

    return AfterValidator(check)


SecretRef = Annotated[
    str,
    _text(
        r"\$\{([A-Za-z_][A-Za-z0-9_]*|file:[^}]+)\}",
        "a reference, ${NAME} or ${file:/path}: secrets do not stand in this file",
    ),
]
_NAME = r"[!-9;-~][!-~]{0,127}"
_A_NAME = "a name of at most 128 characters, in ASCII, without spaces, not beginning with a colon"

Name = Annotated[str, _text(_NAME, _A_NAME)]
"""Names stand in headers, in reports and on terminals: a line break in one would forge a header."""

ModelId = Annotated[
    str,
    _text(
        rf"(?!(?:auto|asked|best)\Z|auto:){_NAME}",
        f"{_A_NAME}, and not auto, asked or best, which mean something else",
    ),
]
Tag = Annotated[
    str,
    _text(r"[!-+\--~]{1,64}", "a tag of at most 64 characters, in ASCII, without spaces or commas"),
]
Tenant = Annotated[
    str,
    _text(
        r"key|tag:[!-+\--~]{1,64}",
        "key, or tag: and a pattern of tags (tag:team-*)",
    ),
]
Url = Annotated[
    str,
    _text(
        r"https?://(?![^/]*@)\S+",
        "an address that begins with http:// or https://, without a name and a password in it",
    ),
]
OpenAIUrl = Annotated[
    Url,
    _text(
        r"(?!.*/(chat/completions|completions|responses|embeddings)/?$).*",
        "what stands before /chat/completions, as https://api.openai.com/v1",
    ),
]
AnthropicUrl = Annotated[
    Url,
    _text(
        r"(?!.*/messages/?$).*",
        "what stands before /v1/messages, as https://api.anthropic.com",
    ),
]
CacheUrl = Annotated[
    str,
    _text(
        r"memory|off|(rediss?(\+cluster|\+sentinel)?|unix)://\S+|\$\{[^}]+\}",
        "memory, off, or a redis://, rediss:// or unix:// URL, also as redis+cluster:// or"
        " redis+sentinel://, or a reference to one",
    ),
    _text(
        r"(?!.*://[^/@]*:(?!\$\{)[^/@]*@)(?!.*[?&](sentinel_)?password=(?!\$\{)).*",
        "written with the password as ${NAME}",
    ),
]
LedgerUrl = Annotated[
    str,
    _text(r"postgres(ql)?://\S+|\$\{[^}]+\}", "a postgresql:// URL, or a reference to one"),
    _text(
        r"(?!.*://[^/@]*:(?!\$\{)[^/@]*@)(?!.*[?&]password=(?!\$\{)).*",
        "written with the password as ${NAME}",
    ),
]
PassedPath = Annotated[
    str,
    _text(
        r"/v1/[A-Za-z0-9_./*-]+",
        "a path that begins with /v1/, in which * stands for anything: /v1/audio/*",
    ),
]
Probability = Annotated[float, Field(ge=0, le=1)]
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


_SECRET = re.compile(r"(?i)auth|key|token|secret|password|credential|cookie")


def _keeps_no_secrets(options: dict[str, str]) -> dict[str, str]:
    for name, value in options.items():
        if _SECRET.search(name) and "${" not in value:
            raise ValueError(f"'{name}' must be a reference, ${{NAME}}: it looks like a secret")
    return options


Options = Annotated[dict[str, str], AfterValidator(_keeps_no_secrets)]
"""Text by name, where what is secret by its name is a reference."""


class Section(BaseModel):
    """A part of the file: strict about its keys, frozen once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, defer_build=True)
