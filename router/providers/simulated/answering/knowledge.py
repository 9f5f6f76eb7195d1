"""The few facts that the simulated models may know or get wrong."""

import re
from collections.abc import Mapping

from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.truth import Kind, Truth

_CAPITALS: Mapping[str, str] = {
    "argentina": "Buenos Aires", "australia": "Canberra", "austria": "Vienna",
    "belgium": "Brussels", "brazil": "Brasília", "bulgaria": "Sofia", "canada": "Ottawa",
    "chile": "Santiago", "china": "Beijing", "colombia": "Bogotá", "croatia": "Zagreb",
    "cuba": "Havana", "denmark": "Copenhagen", "egypt": "Cairo", "estonia": "Tallinn",
    "ethiopia": "Addis Ababa", "finland": "Helsinki", "france": "Paris", "germany": "Berlin",
    "ghana": "Accra", "greece": "Athens", "hungary": "Budapest", "iceland": "Reykjavík",
    "india": "New Delhi", "indonesia": "Jakarta", "ireland": "Dublin", "italy": "Rome",
    "japan": "Tokyo", "kenya": "Nairobi", "latvia": "Riga", "lithuania": "Vilnius",
    "mexico": "Mexico City", "morocco": "Rabat", "nepal": "Kathmandu",
    "netherlands": "Amsterdam", "new zealand": "Wellington", "nigeria": "Abuja",
    "norway": "Oslo", "peru": "Lima", "poland": "Warsaw", "portugal": "Lisbon",
    "romania": "Bucharest", "russia": "Moscow", "south korea": "Seoul", "spain": "Madrid",
    "sweden": "Stockholm", "switzerland": "Bern", "thailand": "Bangkok", "turkey": "Ankara",
    "ukraine": "Kyiv", "united kingdom": "London", "united states": "Washington, D.C.",
    "vietnam": "Hanoi",
}  # fmt: skip
_CAPITAL = re.compile(
    r"capital (?:city )?of (?:the )?([a-z]+(?: (?:zealand|korea|kingdom|states))?)"
)
_MOST_MISTAKES = 20
_OPTION = re.compile(r"^[ \t]*\(?([A-J])[).:]\s+\S", re.MULTILINE)


def capital(question: str) -> Truth | None:
    """The capital that is asked for, None if none is, or the country is unknown here."""
    match = _CAPITAL.search(question.lower())
    if match is None or (city := _CAPITALS.get(match[1])) is None:
        return None
    chance, cities = Chance.of("capital", question), tuple(_CAPITALS.values())
    return Truth(
        Kind.NAME,
        city,
        lambda: chance.turned(cities)[:_MOST_MISTAKES],
        f"The capital of {match[1].title()}",
    )


def option(question: str) -> Truth | None:
    """The right letter of a multiple-choice question, None if it does not have two options.

    Which one is right depends only on the question, so that all models that know it agree.
    """
    letters = tuple(dict.fromkeys(_OPTION.findall(question)))
    if len(letters) < 2:
        return None
    chance = Chance.of("multiple choice", question)
    return Truth(Kind.LETTER, chance.pick(letters), lambda: chance.turned(letters, "mistakes"))
