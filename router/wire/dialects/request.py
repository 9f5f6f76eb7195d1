"""A request for an answer, in terms that all APIs share but none uses."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Any

from msgspec import Struct, field

from router.wire.dialects.parts import CacheMark, Part


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Turn(Struct, frozen=True):
    """What one side says before the other does. A tool's turn consists only of results."""

    role: Role
    parts: tuple[Part, ...]


class Tool(Struct, frozen=True):
    """A tool that the model may call; `grammar` is for one that takes any text, and None for a function.

    `schema` is a JSON Schema of the arguments, empty if they are not described.
    """

    name: str
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    strict: bool | None = None
    grammar: Mapping[str, Any] | None = None
    mark: CacheMark | None = None

    @property
    def is_custom(self) -> bool:
        """Whether it is called with any text rather than with JSON."""
        return self.grammar is not None


class ToolUse(Enum):
    """Whether a tool is to be called."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


class ToolChoice(Struct, frozen=True):
    """Which tools may or must be called: all, or only those of `names`.

    `is_one` says that a single tool is named, which must be called.
    """

    use: ToolUse
    names: tuple[str, ...] = ()
    is_one: bool = False


class JsonFormat(Struct, frozen=True):
    """The answer is to be JSON; if `schema` is None, of any shape."""

    schema: Mapping[str, Any] | None = None
    name: str = ""
    description: str = ""
    strict: bool | None = None


class Thought(Struct, frozen=True):
    """How much the model is to think: in words, or (Messages) in tokens; "" if nothing is said.

    `effort` is `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`; `is_adaptive` says that
    the model itself decides when to think; `summary` says how much of it Responses is to show.
    """

    effort: str = ""
    budget_tokens: int | None = None
    is_adaptive: bool = False
    summary: str = ""


class Sampling(Struct, frozen=True):
    """How tokens are sampled, and where the answer stops."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


class Request(Struct, frozen=True):
    """A complete request.

    `shared` are members that chat and Responses spell the same way, `rest` those that only the client's own
    dialect has.
    """

    model: str
    turns: tuple[Turn, ...]
    stream: bool = False
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    parallel: bool | None = None
    format: JsonFormat | None = None
    thought: Thought = Thought()
    sampling: Sampling = Sampling()
    tier: str = ""
    user: str = ""
    verbosity: str = ""
    shared: Mapping[str, Any] = field(default_factory=dict)
    rest: Mapping[str, Any] = field(default_factory=dict)
