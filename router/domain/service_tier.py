"""Service tiers: what a client asks for, and what an upstream says that it billed.

OpenAI's words (https://platform.openai.com/docs/api-reference/chat/create, `service_tier`): `auto`
and `default` mean the usual price, and so does `scale`, which is paid for by the month; `flex` and
`priority` have prices of their own. Anthropic reports its tier with the usage.
"""

import re

from router.domain.price import STANDARD

_USUAL = frozenset({"auto", "default", "scale", "on_demand", "standard", "standard_only"})
_WORD = re.compile(r"[a-z][a-z_-]{0,31}")


def tier_of(word: object) -> str:
    """The tier that a request or an answer means by `word`; "" where that is no tier's name."""
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        return ""
    return STANDARD if word in _USUAL else word
