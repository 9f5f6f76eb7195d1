"""Service tiers: what a client asks for, and what an upstream says that it billed.

OpenAI's words (https://platform.openai.com/docs/api-reference/chat/create, `service_tier`): `auto`
and `default` mean the usual price, and so does `scale`, which is paid for by the month; `flex` and
`priority` have prices of their own. Anthropic reports its tier with the usage, and beside it two things that have
prices of their own as well: fast mode (https://platform.claude.com/docs/en/build-with-claude/fast-mode), and
inference in one country only (https://platform.claude.com/docs/en/build-with-claude/data-residency).
"""

import re
from collections.abc import Mapping

from router.domain.price import STANDARD

_USUAL = frozenset({"auto", "default", "scale", "on_demand", "standard", "standard_only"})
_WORD = re.compile(r"[a-z][a-z_-]{0,31}")
FAST, US = "fast", "us"
FAST_US = f"{FAST}_{US}"
_SURCHARGES = (("speed", FAST), ("inference_geo", US))


def tier_of(word: object) -> str:
    """The tier that a request or an answer means by `word`; "" where that is no tier's name."""
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        return ""
    return STANDARD if word in _USUAL else word


def anthropics_tier(told: Mapping[str, object]) -> str:
    """The tier of a request to Anthropic, or of its usage; fast mode and a country count as tiers of the usual one."""
    tier = tier_of(told.get("service_tier"))
    if tier not in ("", STANDARD):
        return tier
    return "_".join(word for name, word in _SURCHARGES if told.get(name) == word) or tier
