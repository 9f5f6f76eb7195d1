"""What the answer is to look like: its format, its length, its tone."""

from router.features.reading import Reading, Words

_WISHES = frozenset(
    """
    json yaml toml xml csv html markdown latex table list bullet bullets points numbered diagram
    prose verse rhyme poem code capitals uppercase lowercase bold emoji
    word words sentence sentences paragraph paragraphs line lines page pages brief briefly short
    shortly concise long detail detailed details depth step steps example examples sources citations
    formal formally casual casually simple simply like style tone yes no only
    """.split()
)


def reads(reading: Reading) -> Words:
    """Each word that may ask for a form of the answer, in order."""
    return tuple(word for word in reading.words if word in _WISHES)
