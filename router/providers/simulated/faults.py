"""All that can go wrong, by name, and how it is written down: `name` or `name,key=value,...`.

    status,code=429,retry_after=2      cut,after=3      ok

A fault is a frozen type whose fields are its settings. A new one is a type with a `play` method
beside those it resembles, and a row here.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec import structs

from router.providers.simulated import faults_instead as instead
from router.providers.simulated import faults_midway as midway
from router.providers.simulated import faults_odd as odd
from router.providers.simulated.script import Fault

OK = "ok"
ANY_MODEL = "*"
FAULTS: Mapping[str, Callable[..., Fault]] = {
    "status": instead.Status,
    "context_length_exceeded": instead.ContextLengthExceeded,
    "reset": instead.Reset,
    "drop": instead.Drop,
    "silence": instead.Silence,
    "redirect": instead.Redirect,
    "empty": instead.Empty,
    "html": instead.Html,
    "gzip_bomb": instead.GzipBomb,
    "delay": midway.Delay,
    "slow": midway.Slow,
    "reset_after": midway.ResetAfter,
    "cut": midway.Cut,
    "stall": midway.Stall,
    "pause": midway.Pause,
    "error_event": midway.ErrorEvent,
    "malformed": midway.Malformed,
    "wrong_length": midway.WrongLength,
    "no_usage": odd.NoUsage,
    "no_done": odd.NoDone,
    "double_done": odd.DoubleDone,
    "crlf": odd.Crlf,
    "comments": odd.Comments,
    "missing_space": odd.MissingSpace,
    "event_id_lines": odd.EventIdLines,
    "byte_by_byte": odd.ByteByByte,
    "split_utf8": odd.SplitUtf8,
    "wrong_finish": odd.WrongFinish,
    "wrong_model": odd.WrongModel,
    "huge": odd.Huge,
}
_NAME = re.compile(r"[a-z0-9_]+")
_READERS: Mapping[Any, Callable[[str], object]] = {int: int, float: float, str: str}


class BadFault(ValueError):
    """A fault that does not exist or is malformed; the message says what would be right."""


def parse_fault(text: str) -> Fault | None:
    """The fault that `text` names, None for `ok`. Raises BadFault that lists what is valid."""
    name, _, rest = text.strip().partition(",")
    if name == OK and not rest:
        return None
    if name not in FAULTS:
        raise BadFault(f"{name!r} is not a fault; available: {', '.join([OK, *FAULTS])}")
    kind = FAULTS[name]
    settings = dict(_setting(name, kind, part) for part in rest.split(",") if part.strip())
    try:
        return kind(**settings)
    except ValueError as error:
        raise BadFault(f"{name}: {error}") from error


def name_of(text: str) -> str:
    """The bare name of a written fault, for counting."""
    return text.strip().partition(",")[0]


def parse_for(text: str, model: str, models: Collection[str]) -> str:
    """The fault that a request asks for itself: `fault`, or `model:fault; other-model:fault; ...`.

    The first entry without a model, or for this one, or for `*`, counts; `ok` if there is none.
    Raises BadFault, also for an entry that is meant for another model.
    """
    chosen = [_checked(entry, models) for entry in text.split(";") if entry.strip()]
    return next((fault for meant, fault in chosen if meant in {model, ANY_MODEL}), OK)


def _checked(entry: str, models: Collection[str]) -> tuple[str, str]:
    meant, fault = split_model(entry)
    if meant not in {ANY_MODEL, *models}:
        raise BadFault(f"{meant!r} is not a simulated model; available: {', '.join(models)}")
    parse_fault(fault)
    return meant, fault


def split_model(entry: str) -> tuple[str, str]:
    """The model (`*` if none is named) and the fault of `model:fault`; models may have colons."""
    entry = entry.strip()
    if _NAME.fullmatch(entry.partition(",")[0]):
        return ANY_MODEL, entry
    head, comma, settings = entry.partition(",")
    model, _, name = head.rpartition(":")
    return model or ANY_MODEL, name + comma + settings


def described() -> str:
    """Two lines for each fault: its name and settings with their defaults, and what it does."""
    return "\n".join(
        f"  {_signature(name, kind)}{_second_line(kind)}" for name, kind in FAULTS.items()
    )


def _signature(name: str, kind: Any) -> str:
    return ",".join([name, *(f"{field.name}={field.default}" for field in structs.fields(kind))])


def _second_line(kind: Any) -> str:
    """What `kind` does; nothing under `python -OO`, which drops docstrings."""
    return f"\n      {kind.__doc__.splitlines()[0]}" if kind.__doc__ else ""


def _setting(name: str, kind: Any, part: str) -> tuple[str, object]:
    key, equals, value = (piece.strip() for piece in part.partition("="))
    types: dict[str, Any] = {field.name: field.type for field in structs.fields(kind)}
    if not equals or key not in types:
        right = ", ".join(f"{setting}=..." for setting in types) or "no settings"
        raise BadFault(f"{name}: {part.strip()!r} is not one of its settings; it has {right}")
    try:
        return key, _READERS[types[key]](value)
    except ValueError as error:
        raise BadFault(f"{name}: {key} must be {types[key].__name__}, not {value!r}") from error
