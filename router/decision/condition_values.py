"""Readers of what may be written behind a condition: words, numbers, labels, hours.

Every reader raises ValueError that says what would be right.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from router.decision.policy import Fact
from router.decision.predicates import During
from router.domain.nearest import nearest

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MIN = 24 * 60
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)")
LANGUAGES = frozenset(
    (
        "af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy da "
        "de diq dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id "
        "ie ilo io is it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn "
        "mr mrj ms mt mwl my myv mzn nah nap nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm ro ru rue "
        "sa sah sc scn sco sd sh si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo "
        "wa war wuu xal xmf yi yo yue zh"
    ).split()
)
"""Those that can be told, by ISO 639-1 where that has a code: https://fasttext.cc/docs/en/language-identification.html."""
_TAG = re.compile(r"[!-+\--~]{1,64}")
_KEY = re.compile(r"[!-~]{0,128}")
_OURS = "x-farthing-"
_SECRET = re.compile(r"(?i)authorization|cookie|api-?key|token|secret|password")

Schema = Mapping[str, Any]
WHOLE_SCHEMA: Schema = {"type": "integer", "minimum": 0}
SHARE_SCHEMA: Schema = {"type": "number", "minimum": 0, "maximum": 1}


def words_schema(known: Iterable[str] = ()) -> Schema:
    """One word, or a list of them."""
    names = [str(word) for word in known]
    word: Schema = {"enum": names} if names else {"type": "string"}
    return {"anyOf": [word, {"type": "array", "items": word, "minItems": 1}]}


LANGUAGE_SCHEMA: Schema = {
    "anyOf": [
        {"type": "string", "pattern": "^[a-z]{2,3}$"},
        {"type": "array", "items": {"type": "string", "pattern": "^[a-z]{2,3}$"}, "minItems": 1},
    ]
}


def labels_schema() -> Schema:
    """Labels, each with a word or a list of words."""
    return {"type": "object", "additionalProperties": words_schema(), "minProperties": 1}


_CLOCK_SCHEMA: Schema = {"type": "string", "pattern": r"^\d{1,2}:[0-5]\d$"}
HOURS_SCHEMA: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "days": {"type": "array", "items": {"enum": list(_DAYS)}, "minItems": 1},
        "from": _CLOCK_SCHEMA,
        "until": _CLOCK_SCHEMA,
        "timezone": {"type": "string"},
    },
    "minProperties": 1,
}


def _shown(value: object) -> str:
    """A value about as it is written in YAML: `true`, not `True`."""
    return repr(value) if isinstance(value, str) else json.dumps(value, default=str)


def words(value: object) -> frozenset[str]:
    """A word or a list of words."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(word, str) for word in found):
        raise ValueError(f"must be a word or a list of words, not {_shown(value)}")
    return frozenset(found)


def words_from(value: object, known: Iterable[str]) -> frozenset[str]:
    """A word or a list of words out of a vocabulary."""
    found, allowed = words(value), sorted(known)
    if unknown := sorted(found - set(allowed)):
        raise ValueError(f"does not accept {', '.join(unknown)}{nearest(unknown[0], allowed)}")
    return found


def language_codes(value: object) -> frozenset[str]:
    """ISO 639-1 codes, such as `de`."""
    found = words(value)
    if wrong := sorted(found - LANGUAGES):
        raise ValueError(
            f"must be ISO 639-1 codes of languages, such as 'de' or 'ja', not '{wrong[0]}'"
        )
    return found


def tag_names(value: object) -> frozenset[str]:
    """Tags as requests can carry them."""
    found = words(value)
    if wrong := sorted(word for word in found if not _TAG.fullmatch(word)):
        raise ValueError(
            f"must be tags, which are ASCII without spaces or commas, not {wrong[0]!r}"
        )
    if patterns := sorted(word for word in found if "*" in word):
        raise ValueError(f"must be whole tags: '{patterns[0]}' is no pattern here")
    return found


def key_names(value: object) -> frozenset[str]:
    """Names of keys as keys can have them, or patterns of such names; "" for requests without a key."""
    found = words(value)
    if wrong := sorted(word for word in found if not _KEY.fullmatch(word)):
        raise ValueError(f"must be names of keys, which are ASCII without spaces, not {wrong[0]!r}")
    return found


def whole(value: object) -> int:
    """A whole number from 0 on."""
    if type(value) is not int or value < 0:
        raise ValueError(f"must be a whole number >= 0, not {_shown(value)}")
    return value


def share(value: object) -> float:
    """A number from 0 to 1."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"must be a number from 0 to 1, not {_shown(value)}")
    return value


def labels(value: object, *, secret: bool = False) -> dict[str, frozenset[str]]:
    """Labels with a word or a list of words each; with `secret`, none whose name suggests a secret."""
    if not isinstance(value, dict) or not value:
        raise ValueError(f"must map names to the words that they may have, not {_shown(value)}")
    if secret and (hidden := sorted(filter(_SECRET.search, value))):
        raise ValueError(
            f"must not ask for '{hidden[0]}', which holds a secret; use 'key' or 'tag'"
        )
    if secret and (ours := sorted(name for name in value if name.lower().startswith(_OURS))):
        raise ValueError(f"must not ask for '{ours[0]}', which is the proxy's own; use 'tag'")
    return {name: words(wanted) for name, wanted in value.items()}


def hours(about: str, fact: Fact, value: object) -> During:
    """`{days: [mon, fri], from: "22:00", until: "06:00", timezone: Europe/Berlin}`, at least one of these."""
    known = ("days", "from", "until", "timezone")
    if not isinstance(value, dict) or not value or set(value) - set(known):
        raise ValueError(f"must be a mapping with some of {', '.join(known)}")
    days = words_from(value.get("days", list(_DAYS)), _DAYS)
    from_min, until_min = _minute(value.get("from", "0:00")), _minute(value.get("until", "24:00"))
    if from_min == until_min:
        raise ValueError("must not end in the minute in which it begins")
    zone = _zone(value.get("timezone", "UTC"))
    return During(about, fact, frozenset(map(_DAYS.index, days)), from_min, until_min, zone)


def _minute(value: object) -> int:
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    minute = int(match[1]) * 60 + int(match[2]) if match else -1
    if not 0 <= minute <= _DAY_MIN:
        raise ValueError(f'must be a time of day such as "22:30", not {_shown(value)}')
    return minute


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"has an unknown timezone {_shown(value)}; write one such as Europe/Berlin"
        ) from None
