"""A request whose category is known: what the classifier is fitted on."""

from msgspec import Struct

from router.domain.category import Category


class LabelledRequest(Struct, frozen=True):
    """A request and what it is.

    What was drawn from one `template` differs in words and dress only, what is of one `family` asks
    in a similar way: either stays together when parts are held out. `weight` is how much it counts in fitting.
    """

    text: str
    category: Category
    family: str
    template: str
    weight: float = 1.0
