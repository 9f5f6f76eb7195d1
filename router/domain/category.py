"""The kinds of request that routing tells apart; a model has one ability per kind."""

from enum import StrEnum

from msgspec import Struct


class Category(StrEnum):
    """What a request asks for. The value is the word used in policies, reports and artefacts."""

    CHAT = "chat"
    HOUSEKEEPING = "housekeeping"
    KNOWLEDGE = "knowledge"
    REASONING = "reasoning"
    MATHS = "maths"
    CODE_WRITING = "code_writing"
    CODE_EDITING = "code_editing"
    EXTRACTION = "extraction"
    SUMMARISING = "summarising"
    TRANSLATION = "translation"
    WRITING = "writing"
    TOOL_CALLING = "tool_calling"
    VISION = "vision"


class Guess(Struct, frozen=True):
    """The likeliest category, how probable it is, and what else it may be: `perhaps`, with the probability of each."""

    category: Category
    confidence: float
    perhaps: tuple[tuple[Category, float], ...] = ()
