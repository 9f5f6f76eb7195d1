"""Questions whose answer belongs to a moment or to one person: they share no answer at all."""

import re

from router.features.reading import Reading

_MOMENT = frozenset(
    """
    now today tonight tomorrow yesterday currently current latest newest recent recently nowadays
    upcoming still yet ago lately soon presently weather forecast news
    monday tuesday wednesday thursday friday saturday sunday
    heute jetzt gestern morgen aktuell aktuelle aktueller aktuellen neueste neuesten derzeit wetter
    aujourd'hui maintenant demain hier actuellement actuel actuelle météo
    hoy ahora mañana ayer actualmente actual último
    oggi adesso domani ieri attuale
    hoje agora amanhã ontem atual
    vandaag nu morgen gisteren huidige
    """.split()
)
_PERSON = frozenset(
    """
    my mine our ours myself ourselves
    mein meine meinen meinem meiner unser unsere
    mon ma mes notre nos
    mi mis nuestro nuestra
    mio mia miei mie nostro nostra
    meu minha nosso nossa
    mijn onze
    """.split()
)
_PHRASES = re.compile(
    r"""\b(?:
        (?:this|next|last|coming|past)\ (?:week|month|year|quarter|season|morning|afternoon|evening
            |night|weekend|semester|term|decade|century|summer|winter|spring|autumn|fall)
      | right\ now|at\ the\ moment|these\ days|so\ far|as\ of|up\ to\ date|what\ time|what\ day
      | (?:exchange\ rate|stock\ price|price\ of|live\ score)
      | how\ old|(?:days|weeks|months|time|long)\ (?:are\ |is\ )?(?:left|until|till|since)
      | i\ (?:am|was|have|had|did|said|just|want|need|live|own|work|feel|think|bought|tried|got)
      | (?:am|was|have|had|did|do|will)\ i
      | (?:did|have|were|are|was)\ we|we\ (?:talked|said|discussed|are|were|have|had)
      | you\ (?:said|told|mentioned|wrote|just)|(?:did|have)\ you
    )\b""",
    re.VERBOSE,
)


def tie_of(reading: Reading) -> str | None:
    """Why the answer to `reading` can be nobody else's, as a clause; None if nothing says so."""
    said = set(reading.words)
    if said & _MOMENT:
        return "it refers to a time"
    if said & _PERSON:
        return "it refers to something personal"
    if _PHRASES.search(" ".join(reading.words)):
        return "it refers to a time, or to the person asking"
    return None
