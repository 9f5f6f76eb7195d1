"""The tokenizer of the simulated models: a token is four characters.

It is deliberately no real tokenizer: a proxy in front must use the counts that the upstream
reports, and is caught if it trusts its own. A message costs three tokens in addition to its text,
an image 85, and tool definitions as much as their JSON.
"""

CHARS_PER_TOKEN = 4
MESSAGE_TOKENS = 3
IMAGE_TOKENS = 85


def count(text: str) -> int:
    """How many tokens `text` is."""
    return -(-len(text) // CHARS_PER_TOKEN)


def pieces(text: str) -> tuple[str, ...]:
    """The tokens of `text`, which together are `text` again."""
    starts = range(0, len(text), CHARS_PER_TOKEN)
    return tuple(text[start : start + CHARS_PER_TOKEN] for start in starts)
