"""A chat request as a simulated model understands it; what OpenAI's API refuses is refused."""

from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import Struct, field

from router.providers.simulated import tokens
from router.providers.simulated.errors import invalid

JsonObject = Mapping[str, Any]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_PART_TEXTS = {"text": "text", "refusal": "refusal", "input_text": "text"}
_PART_MEDIA = frozenset({"image_url", "input_audio", "file"})


class Message(Struct, frozen=True):
    """One message: who speaks, its text, and how many pictures it has.

    `calls` is the JSON of an assistant's tool calls, which cost tokens as well.
    """

    role: str
    text: str = ""
    images: int = 0
    calls: str = ""

    @property
    def tokens(self) -> int:
        """How many tokens the message counts in a prompt."""
        written = tokens.count(self.text) + tokens.count(self.calls)
        return tokens.MESSAGE_TOKENS + written + tokens.IMAGE_TOKENS * self.images


class Tool(Struct, frozen=True):
    """A function that the model may call; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str = ""
    parameters: JsonObject = field(default_factory=dict)


class ToolChoice(Struct, frozen=True):
    """Whether tools may be called (`auto`), must be (`required`), or not (`none`), and which one.

    `allowed` are the names of those that may be called, None if all may.
    """

    mode: str = "auto"
    name: str | None = None
    allowed: frozenset[str] | None = None


class AnswerFormat(Struct, frozen=True):
    """What an answer must look like: `text`, `json_object`, or `json_schema` and the schema."""

    kind: str = "text"
    schema: JsonObject | bool = True


class ChatRequest(Struct, frozen=True):
    """A request for chat completions; `limit` is the maximum of tokens per choice, None for no limit.

    `temperature` defaults to 0.
    """

    model: str
    messages: tuple[Message, ...]
    n: int = 1
    limit: int | None = None
    stop: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = False
    logprobs: bool = False
    top_logprobs: int = 0
    seed: int | None = None
    temperature: float = 0.0
    tools: tuple[Tool, ...] = ()
    tools_json: str = ""
    tool_choice: ToolChoice = ToolChoice()
    parallel_calls: bool = True
    answer_format: AnswerFormat = AnswerFormat()
    simulate: str = ""

    @property
    def prompt_tokens(self) -> int:
        """All that the model reads: the messages and the tool definitions."""
        return sum(message.tokens for message in self.messages) + tokens.count(self.tools_json)

    @property
    def question(self) -> str:
        """The text of the last message of the user, or of the last message there is."""
        asked = [message.text for message in self.messages if message.role == "user"]
        return asked[-1] if asked else self.messages[-1].text


def parse(body: bytes) -> ChatRequest:
    """The request in `body`. Raises Refused with a 400 that names the field at fault."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid(None, f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(content, dict):
        raise invalid(None, "The body of your request must be a JSON object.")
    fields = Fields(content)
    options = fields.take("stream_options", dict, {})
    tools = fields.take("tools", list, [])
    return ChatRequest(
        model=fields.needed("model", str),
        messages=_messages(fields.needed("messages", list)),
        n=fields.whole("n", 1, 128) or 1,
        limit=fields.whole("max_completion_tokens", 1) or fields.whole("max_tokens", 1),
        stop=_stop(content.get("stop")),
        stream=fields.take("stream", bool, False),
        include_usage=bool(options.get("include_usage")),
        logprobs=fields.take("logprobs", bool, False),
        top_logprobs=_top_logprobs(fields),
        seed=fields.whole("seed", -(2**63)),
        temperature=_temperature(content.get("temperature")),
        tools=_tools(tools),
        tools_json=_written(tools),
        tool_choice=_tool_choice(content.get("tool_choice"), bool(tools)),
        parallel_calls=fields.take("parallel_tool_calls", bool, True),
        answer_format=_answer_format(fields.take("response_format", dict, {})),
        simulate=_simulate(fields.take("metadata", dict, {})),
    )


def _written(tools: list[Any]) -> str:
    try:
        return orjson.dumps(tools).decode() if tools else ""
    except orjson.JSONEncodeError as error:
        raise invalid("tools", "Invalid 'tools': nested too deeply.") from error


class Fields:
    """The fields of a JSON object, taken out with their types checked; null counts as absent."""

    def __init__(self, content: JsonObject, place: str = "") -> None:
        self._content = content
        self._place = place

    def take(self, name: str, kind: type[Any], otherwise: Any = None) -> Any:
        """The field, or `otherwise` if there is none. Raises Refused if its type is wrong."""
        value = self._content.get(name)
        if value is None:
            return otherwise
        if type(value) is not kind:
            raise self._wrong(
                name, f"expected {_KINDS[kind]}, but got {_KINDS[type(value)]} instead"
            )
        return value

    def needed(self, name: str, kind: type[Any]) -> Any:
        """The field. Raises Refused if it is missing."""
        value = self.take(name, kind)
        if value is None:
            place = self._place + name
            message = f"Missing required parameter: '{place}'."
            raise invalid(place, message, "missing_required_parameter")
        return value

    def whole(self, name: str, low: int, high: int | None = None) -> int | None:
        """The whole number, None if there is none. Raises Refused if it is out of bounds."""
        value: int | None = self.take(name, int)
        if value is not None and (value < low or (high is not None and value > high)):
            bounds = f"{low} or more" if high is None else f"{low} to {high}"
            raise self._wrong(name, f"expected {bounds}, but got {value} instead")
        return value

    def _wrong(self, name: str, message: str) -> Exception:
        place = self._place + name
        return invalid(place, f"Invalid value for '{place}': {message}.", "invalid_value")


_KINDS: Mapping[type[Any], str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def _messages(entries: list[Any]) -> tuple[Message, ...]:
    if not entries:
        raise invalid(
            "messages",
            "Invalid 'messages': empty array. Expected one message at least.",
            "empty_array",
        )
    return tuple(_message(f"messages[{index}]", entry) for index, entry in enumerate(entries))


def _message(place: str, entry: object) -> Message:
    if not isinstance(entry, dict):
        raise invalid(place, f"Invalid type for '{place}': expected an object.", "invalid_type")
    fields = Fields(entry, f"{place}.")
    role = fields.needed("role", str)
    if role not in ROLES:
        right = ", ".join(sorted(ROLES))
        raise invalid(
            f"{place}.role",
            f"Invalid value: '{role}'. Supported values are: {right}.",
            "invalid_value",
        )
    calls = fields.take("tool_calls", list, [])
    text, images = _content(f"{place}.content", entry.get("content"))
    return Message(role, text, images, orjson.dumps(calls).decode() if calls else "")


def _content(place: str, content: object) -> tuple[str, int]:
    """The text of a message's content and how many pictures (or sounds, or files) are in it."""
    if content is None or isinstance(content, str):
        return content or "", 0
    if not isinstance(content, list):
        raise invalid(
            place, f"Invalid type for '{place}': expected a string or an array.", "invalid_type"
        )
    texts, media = [], 0
    for index, part in enumerate(content):
        fields = Fields(part if isinstance(part, dict) else {}, f"{place}[{index}].")
        kind = fields.needed("type", str)
        if kind in _PART_TEXTS:
            texts.append(fields.needed(_PART_TEXTS[kind], str))
        elif kind in _PART_MEDIA:
            media += 1
        else:
            raise invalid(f"{place}[{index}].type", f"Invalid value: '{kind}'.", "invalid_value")
    return "\n".join(texts), media


def _stop(stop: object) -> tuple[str, ...]:
    sequences = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(sequences, list) or not all(isinstance(text, str) for text in sequences):
        raise invalid(
            "stop",
            "Invalid type for 'stop': expected a string or an array of strings.",
            "invalid_type",
        )
    if len(sequences) > 4:
        raise invalid(
            "stop",
            "Invalid 'stop': array too long. Expected 4 strings at most.",
            "array_above_max_length",
        )
    return tuple(text for text in sequences if text)


def _temperature(temperature: object) -> float:
    """The temperature; 0 for a malformed one, since the simulator need not check it."""
    return float(temperature) if isinstance(temperature, int | float) else 0.0


def _top_logprobs(fields: Fields) -> int:
    top = fields.whole("top_logprobs", 0, 20) or 0
    if top and not fields.take("logprobs", bool, False):
        raise invalid(
            "top_logprobs",
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            "invalid_value",
        )
    return top


def _tools(entries: list[Any]) -> tuple[Tool, ...]:
    """The functions among the tools; tools of other kinds cost tokens and are never called."""
    tools = []
    for index, entry in enumerate(entries):
        place = f"tools[{index}]"
        fields = Fields(entry if isinstance(entry, dict) else {}, f"{place}.")
        if fields.needed("type", str) == "function":
            function = Fields(fields.needed("function", dict), f"{place}.function.")
            described = function.take("description", str, "")
            parameters = function.take("parameters", dict, {})
            tools.append(Tool(function.needed("name", str), described, parameters))
    return tuple(tools)


def _tool_choice(choice: object, has_tools: bool) -> ToolChoice:
    if choice is None:
        return ToolChoice("auto")
    if choice != "none" and not has_tools:
        raise invalid(
            "tool_choice",
            "Invalid value for 'tool_choice': 'tool_choice' is only "
            "allowed when 'tools' are specified.",
        )
    if isinstance(choice, str) and choice in {"auto", "none", "required"}:
        return ToolChoice(choice)
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        return _allowed(Fields(choice, "tool_choice.").needed("allowed_tools", dict))
    function = choice.get("function") if isinstance(choice, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise invalid(
            "tool_choice", f"Invalid value for 'tool_choice': {choice!r}.", "invalid_value"
        )
    return ToolChoice("required", function["name"])


def _allowed(entry: JsonObject) -> ToolChoice:
    fields = Fields(entry, "tool_choice.allowed_tools.")
    mode, tools = fields.needed("mode", str), _tools(fields.needed("tools", list))
    if mode not in ("auto", "required"):
        raise invalid(
            "tool_choice.allowed_tools.mode",
            f"Invalid value: '{mode}'. Supported values are: 'auto' and 'required'.",
            "invalid_value",
        )
    return ToolChoice(mode, allowed=frozenset(tool.name for tool in tools))


def _answer_format(entry: JsonObject) -> AnswerFormat:
    kind = entry.get("type", "text")
    if kind == "json_schema":
        wrapped = Fields(
            Fields(entry, "response_format.").needed("json_schema", dict),
            "response_format.json_schema.",
        )
        return AnswerFormat("json_schema", wrapped.take("schema", dict, {}))
    if kind not in ("text", "json_object"):
        raise invalid(
            "response_format.type",
            f"Invalid value: '{kind}'. Supported values are: "
            "'text', 'json_object' and 'json_schema'.",
            "invalid_value",
        )
    return AnswerFormat(kind)


def _simulate(metadata: JsonObject) -> str:
    faults = metadata.get("simulate", "")
    if not isinstance(faults, str):
        raise invalid(
            "metadata.simulate", "Invalid type for 'metadata.simulate': expected a string."
        )
    return faults
