"""The kinds of words and numbers that a configuration consists of, each with what would be right."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, get_args, get_origin

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from router.domain.price import STANDARD
from router.domain.service_tier import tier_of


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
        "a reference, ${NAME} or ${file:/path}: secrets do not belong in this file",
    ),
]
_NAME = r"[!-9;-~][!-~]{0,127}"
_A_NAME = "a name of at most 128 characters, in ASCII, without spaces, not beginning with a colon"

Name = Annotated[str, _text(_NAME, _A_NAME)]
"""Names appear in headers, in reports and on terminals: a line break in one would forge a header."""


def is_name(text: str) -> bool:
    """Whether `text` is such a name."""
    return re.fullmatch(_NAME, text) is not None


ModelId = Annotated[
    str,
    _text(
        rf"(?!(?:auto|asked|best)\Z|auto:){_NAME}",
        f"{_A_NAME}, and not auto, asked or best, which are reserved",
    ),
]


def _as_requests_name_it(tier: str) -> str:
    if not tier or tier_of(tier) != tier:
        raise ValueError(
            "must be a tier in lower case, as requests name it: flex, priority; 'auto', 'default' and 'scale' mean"
            f" '{STANDARD}'"
        )
    return tier


ServiceTier = Annotated[str, AfterValidator(_as_requests_name_it)]
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
Host = Annotated[
    str,
    _text(
        r"[^\s:/\[\]]*|[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%\w+)?",
        "a host or an address alone, like 127.0.0.1 or ::1; the port has a key of its own, 'port'",
    ),
]
Url = Annotated[
    str,
    _text(
        r"https?://(?![^/]*@)\S+",
        "an address that begins with http:// or https://, without a user name and password",
    ),
]
OpenAIUrl = Annotated[
    Url,
    _text(
        r"(?!.*/(chat/completions|completions|responses|embeddings|v1/v1)/?$)"
        r"(?!http://([a-z]+\.)?api\.openai\.com|https://([a-z]+\.)?api\.openai\.com/?$).*",
        "the part before /chat/completions, such as https://api.openai.com/v1",
    ),
]
AnthropicUrl = Annotated[
    Url,
    _text(
        r"(?!.*/messages/?$).*",
        "the part before /v1/messages, such as https://api.anthropic.com",
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
ProxyUrl = Annotated[
    str,
    _text(
        r"none|https?://\S+|\$\{[^}]+\}",
        "none, an address that begins with http:// or https://, or a reference to one",
    ),
    _text(r"(?!.*://[^/@]*:(?!\$\{)[^/@]*@).*", "written with the password as ${NAME}"),
]
PassedPath = Annotated[
    str,
    _text(
        r"/v1/[A-Za-z0-9_./*-]+",
        "a path that begins with /v1/, in which * stands for anything: /v1/audio/*",
    ),
]


FilePath = Annotated[
    str,
    _text(r"(?!~(/|\Z)).+", "a path, relative to this file or whole, that does not begin with ~"),
]


def _no_number(value: object) -> object:
    """A boolean as text, so that it is no number: Python takes true for 1, and so for a budget of one dollar."""
    return str(value) if isinstance(value, bool) else value


Probability = Annotated[float, Field(ge=0, le=1), BeforeValidator(_no_number)]
_LEAST_PER_MTOK = 0.0001
"""A price above 0 and below this was meant for one token: nobody sells ten billion for a dollar."""


def _for_a_million(usd: float) -> float:
    if 0 < usd < _LEAST_PER_MTOK:
        raise ValueError(
            f"must be 0 or at least {_LEAST_PER_MTOK}: it is for a million tokens, not for one"
        )
    return usd


def _written_out(value: object) -> object:
    """`value`; a mapping in place of a number, which pydantic would take for seconds since 1970."""
    is_number = isinstance(value, int | float) or (isinstance(value, str) and value.isdecimal())
    return {} if is_number else value


Day = Annotated[date, BeforeValidator(_written_out)]
Moment = Annotated[datetime, BeforeValidator(_written_out)]
MomentOfZone = Annotated[AwareDatetime, BeforeValidator(_written_out)]
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PerMtok = Annotated[Dollars, AfterValidator(_for_a_million)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def each_once(of: Callable[[Any], object], what: str) -> AfterValidator:
    """A check of a list: `of` must differ from item to item; `what` names it in the message."""

    def checked(items: tuple[Any, ...]) -> tuple[Any, ...]:
        if len({of(item) for item in items}) < len(items):
            raise ValueError(f"must not have two for {what}")
        return items

    return AfterValidator(checked)


_SECRET = re.compile(r"(?i)auth|key|token|secret|password|credential|cookie")


def _keeps_no_secrets(options: dict[str, str]) -> dict[str, str]:
    for name, value in options.items():
        if _SECRET.search(name) and "${" not in value:
            raise ValueError(f"'{name}' must be a reference, ${{NAME}}: it looks like a secret")
    return options


Options = Annotated[dict[str, str], AfterValidator(_keeps_no_secrets)]
"""Texts by name; those whose names suggest a secret must be references."""


class Section(BaseModel):
    """A part of the file: strict about its keys, frozen once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_truths(cls, data: object) -> object:
        """Turns true and false into text for keys that take numbers: they are not 1 and 0, and are rejected."""
        if not isinstance(data, dict) or not any(isinstance(each, bool) for each in data.values()):
            return data
        numbers = {name for name, each in cls.model_fields.items() if _is_number(each.annotation)}
        return {name: _no_number(each) if name in numbers else each for name, each in data.items()}


def _is_number(annotation: object) -> bool:
    """Whether a field takes a number, or perhaps nothing, but not true and false."""
    members = {_plain(each) for each in get_args(annotation) or (annotation,)}
    return bool(members & {int, float}) and bool not in members


def _plain(annotation: Any) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
