"""The ways in which the same answer is worded, as real models do it.

None of them says anything but the answer, but some have numbers or letters on the way there: whatever
compares answers must find the one that counts.
"""

from collections.abc import Callable, Iterator, Mapping

import orjson

from router.providers.simulated.answering.truth import Kind, Truth

_SENTENCES = (
    "The answer is {value}.",
    "So the final answer is {value}.",
    "**Answer:** {value}",
    "I read the question twice.\n\n1. I tried 2 ways.\n2. Both led to it.\n\nFinal answer: {value}",
    '```json\n{{"answer": {json}}}\n```',
    '{{"answer": "{value}"}}',
    "Die Antwort lautet {value}.",
    "La réponse est {value}.",
    "La respuesta es {value}.",
    "La risposta è {value}.",
    "A resposta é {value}.",
    "答案是{value}。",
    "答えは{value}です。",
    "Ответ: {value}",
)
_NUMBERS = (
    "{value}",
    "{grouped}",
    "{amount}",
    "{name} = {value}",
    "The answer is {amount}.",
    "{name} comes to {amount}, so we have\n\n\\boxed{{{value}}}",
    "We look for {name}.\n\n$$\\boxed{{{tex}}}$$",
    "Working it out, {name} = {value}.\n#### {grouped}",
    "First I round {name}, which gives about {about}. Exactly, the result is {amount}.",
)
_LETTERS = (
    "{value}",
    "({value})",
    "**{value}**",
    "The correct option is ({value}).",
    "The answer is ({value}).",
    "\\boxed{{{value}}}",
    "$\\boxed{{\\text{{{value}}}}}$",
    "I went through the options from the first to the last one. Only one of them holds.\n\n**{value}**",
)
_NAMES = (
    "{value}",
    "**{value}**",
    "{name} is {value}.",
    "\\boxed{{\\text{{{value}}}}}",
)
_TEMPLATES: Mapping[Kind, tuple[str, ...]] = {
    Kind.NUMBER: _NUMBERS + _SENTENCES,
    Kind.LETTER: _LETTERS + _SENTENCES,
    Kind.NAME: _NAMES + _SENTENCES,
}


def forms(truth: Truth, value: str) -> Iterator[str]:
    """Every way to say `value` in answer to the question that `truth` answers; at least one."""
    if templates := _TEMPLATES.get(truth.kind):
        parts = _parts(truth, value)
        yield from (template.format_map(parts) for template in templates)
    else:
        yield from _WRITERS[truth.kind](truth, value)


def _parts(truth: Truth, value: str) -> Mapping[str, str]:
    is_number = truth.kind is Kind.NUMBER
    grouped = _grouped(value) if is_number else value
    return {
        "name": truth.name,
        "value": value,
        "grouped": grouped,
        "tex": grouped.replace(",", "{,}"),
        "amount": f"{grouped} {truth.unit}".rstrip(),
        "about": _rounded(value) if is_number else "",
        "json": value if is_number else orjson.dumps(value).decode(),
    }


def _grouped(value: str) -> str:
    """The number with commas between thousands."""
    whole, point, rest = value.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.strip("-") else value


def _rounded(value: str) -> str:
    """A number that is near, but not the same."""
    near = round(float(value), -1)
    return str(int(near if near != float(value) else near + 10))


def _code(truth: Truth, source: str) -> Iterator[str]:
    head, body = source.split("\n", 1)
    commented = f"# {truth.name}\n{head}\n    # as it was asked for\n{body}"
    yield f"Here is a function for {truth.name}:\n\n```python\n{source}```"
    yield f"```python\n{source}```\n\nIt takes what it is given, and returns the result."
    yield f"```py\n{commented}```"
    yield f"Certainly! This should do:\n\n```\n{source}```"
    yield source


def _json(truth: Truth, value: str) -> Iterator[str]:  # noqa: ARG001  as every writer
    content = orjson.loads(value)
    yield value
    yield orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
    yield orjson.dumps(_turned(content)).decode()


def _turned(content: object) -> object:
    """The same with the fields of objects in reverse order."""
    match content:
        case dict():
            return {name: _turned(content[name]) for name in reversed(content)}
        case list():
            return [_turned(each) for each in content]
        case _:
            return content


_WRITERS: Mapping[Kind, Callable[[Truth, str], Iterator[str]]] = {
    Kind.CODE: _code,
    Kind.JSON: _json,
    Kind.CALLS: _json,
}
