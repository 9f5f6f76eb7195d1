"""The words and marks that tell categories apart, as data.

Chosen by hand from how people phrase requests; where an artefact is in force, a classifier trained on
labelled requests decides instead.
"""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from router.domain.category import Category


class Cue(Struct, frozen=True):
    """A word, or two neighbouring words, that votes for a category."""

    category: Category
    votes: float


_DECISIVE, _STRONG, _PLAIN, _WEAK = 8.0, 4.0, 2.0, 1.0

_WORDS: Mapping[Category, Mapping[float, str]] = {
    Category.CHAT: {
        _STRONG: "how are, how's it, thank you, good morning, good evening, small talk, about yourself, i'm so,"
        " a joke, lol",
        _PLAIN: "hello, hi, hey, yo, thanks, thank, advice, recommend, feel, bored, birthday, yourself,"
        " what should, should i, dinner",
        _WEAK: "tell me",
    },
    Category.HOUSEKEEPING: {
        _DECISIVE: "conversation title, chat title, chat history, follow-up questions, commit message,"
        " new topic, name this, this chat",
        _STRONG: "short title, brief title, concise title, a title, title for, this conversation,"
        " conversation so",
        _PLAIN: "title",
    },
    Category.KNOWLEDGE: {
        _STRONG: "who was, who wrote, who invented, when did, what year, capital of, history of,"
        " difference between, symptoms of, causes of, how tall, how old, how far",
        _PLAIN: "explain, define, describe, law, biology, history, medicine, chemistry, physics, economics,"
        " who is, what is, what are, what's the, which of, how does, how do, why is, why do, why are,"
        " me about, name the, meaning of",
        _WEAK: "who, when, where, which, why, what, what's",
    },
    Category.REASONING: {
        _STRONG: "logic puzzle, puzzle, step by, step-by-step, deduce, riddle, if all, must be, knights and, knave,"
        " knaves, truth teller, who owns, syllogism, pros and, brain teaser, reason carefully, compare both",
        _PLAIN: "infer, prove, therefore, contradiction, contradict, premise, premises, strategy, reason,"
        " argument, consistent, weigh, trade-offs, should we, should our",
        _WEAK: "plan, compare, evaluate, analyse, analyze, options, valid",
    },
    Category.MATHS: {
        _STRONG: "solve for, how many, how much, square root, calculate, integrate, differentiate, integral,"
        " derivative, equation, equations, probability that, remainder, prime number, perimeter, irrational",
        _PLAIN: "sum, product, percent, triangle, rectangle, circle, polynomial, matrix, theorem, algebra, geometry,"
        " modulo, divided, plus, minus, times, fraction, integer, integers, compute, solve, area, radius, angle,"
        " logarithm, median, probability, miles, kilometres, kilometers, litres, liters",
        _WEAK: "total, average, cost, per, convert",
    },
    Category.CODE_WRITING: {
        _STRONG: "write code, python function, a function, a script, a program, sql query, regular expression,"
        " unit test, unit tests, implement a, python, javascript, typescript, regex, sql, bash, golang,"
        " kotlin, haskell, rust, react, numpy, pandas, flask, django, docker, quicksort, fizzbuzz",
        _PLAIN: "implement, java, function, algorithm, html, css, class, api, endpoint, in go, in c, git, dockerfile",
        _WEAK: "code, script, program, returns, array, string",
    },
    Category.CODE_EDITING: {
        _STRONG: "fix the, fix this, refactor, traceback, stack trace, debug, this code, my code, this bug,"
        " this function, pull request, failing test, tests fail, code review, segfault, the variable",
        _PLAIN: "bug, error, exception, patch, diff, compile, lint, rename, fix, optimise, optimize, throws",
    },
    Category.EXTRACTION: {
        _STRONG: "extract, classify, categorize, categorise, sentiment of, as json, to json, into json, label the,"
        " named entities, positive or, spam or, list all, pull out, identify the, find all",
        _PLAIN: "sentiment, entities, label, json, csv, fields, parse, tag, spam, this email, this message,"
        " this invoice, this text, following text, phone number, email addresses, mentioned in",
    },
    Category.SUMMARISING: {
        _STRONG: "summarize, summarise, summary, tl dr, tldr, key points, main points, important points, in brief,"
        " condense, shorten, sum up, recap, gist, takeaways, bullet points",
        _PLAIN: "abstract, overview, minutes, shorter, this article, this paper, this report, this thread,"
        " meeting notes, transcript",
    },
    Category.TRANSLATION: {
        _STRONG: "translate, translation, you say, mean in",
        _PLAIN: "in english",
    },
    Category.WRITING: {
        _STRONG: "an essay, a poem, a story, cover letter, blog post, press release, short story,"
        " rewrite, rephrase, paraphrase, reword, proofread, wording, compose",
        _PLAIN: "write a, write an, an email, poem, essay, story, haiku, limerick, lyrics, letter, speech, tagline,"
        " slogan, headline, paragraph, email, tweet, ideas for, names of, product description",
        _WEAK: "draft, tone, creative, character, brainstorm, improve, ideas",
    },
}

_LANGUAGES = (
    "french german spanish italian portuguese dutch polish russian ukrainian turkish arabic hindi chinese"
    " japanese korean swedish"
).split()


def _languages() -> Iterator[tuple[str, Cue]]:
    """`into french` and the like; English is named in other requests too, but not after these words."""
    for language in _LANGUAGES:
        yield language, Cue(Category.TRANSLATION, _WEAK)
        yield f"in {language}", Cue(Category.TRANSLATION, _PLAIN)
    for language in (*_LANGUAGES, "english"):
        for towards in ("into", "to", "from"):
            yield f"{towards} {language}", Cue(Category.TRANSLATION, _STRONG)


def _listed() -> Iterator[tuple[str, Cue]]:
    for category, levels in _WORDS.items():
        for votes, terms in levels.items():
            yield from ((term.strip(), Cue(category, votes)) for term in terms.split(","))


def _table(rows: list[tuple[str, Cue]]) -> Mapping[str, Cue]:
    table = dict(rows)
    if len(table) != len(rows):
        raise ValueError("a term stands in the table of cues twice")
    return table


CUES: Mapping[str, Cue] = _table([*_listed(), *_languages()])

STARTS: frozenset[str] = frozenset(term.split()[0] for term in CUES if " " in term)
"""The first words of all pairs, so that few pairs of a text have to be looked up."""


class Mark(Struct, frozen=True):
    """A sign in the characters of a text. Its votes count once, however many patterns match.

    Every pattern begins with something rare, which makes searching for it fast, and bounds its
    repetitions, so that no text, however crafted, takes long.
    """

    category: Category
    votes: float
    patterns: tuple[re.Pattern[str], ...]


def _mark(category: Category, votes: float, *patterns: str) -> Mark:
    return Mark(category, votes, tuple(re.compile(pattern, re.MULTILINE) for pattern in patterns))


_SUM = r"\d(?:\s{0,3}[+*^×÷]\s{0,3}\d|\s{1,3}[-/]\s{1,3}\d|\s{0,3}%\s{0,3}of\b)"
"""A sum to be done; a minus or a slash without spaces is more often a date or a telephone number."""

_FORMULAS = (
    r"\\(?:frac|sqrt|sum|int)\b",
    r"\$[^$\n]{0,60}[\\^_=+][^$\n]{0,60}\$",
    r"\^(?<=[a-z0-9)]\^)[a-z0-9({]",
)
_CODE_FENCE = r"```(?!json|text|txt|md|markdown|csv|html|xml|yaml)[a-z+#]{1,12}\s"
_TRANSLATE = (r"[Üü]bersetz", r"[Tt]radu(?:i|c|z)", "翻译", "翻訳", r"[Пп]еревед")
_OPTIONS = r"^[ \t]{0,8}\(?A[.):]\s(?:.*\n){1,12}?[ \t]{0,8}\(?B[.):]\s"
"""A question with lettered answers to choose from."""

MARKS: tuple[Mark, ...] = (
    _mark(Category.MATHS, _DECISIVE, _SUM, *_FORMULAS),
    _mark(Category.CODE_EDITING, _DECISIVE, _CODE_FENCE, r"Traceback \(most recent", "diff --git"),
    _mark(
        Category.CODE_EDITING,
        _STRONG,
        "```",
        r"Error\b(?<=[a-z]Error)",
        r"Exception\b(?<=[a-z]Exception)",
    ),
    _mark(Category.CODE_EDITING, _PLAIN, r"\.(?:py|js|jsx|ts|tsx|java|go|rs|cpp|rb|php|cs)\b"),
    _mark(Category.CODE_WRITING, _PLAIN, r"(?:def|class|func|fn|return|SELECT)\b.{0,120}[({;:]"),
    _mark(Category.TRANSLATION, _DECISIVE, *_TRANSLATE),
    _mark(Category.REASONING, _WEAK, _OPTIONS),
    _mark(Category.KNOWLEDGE, _PLAIN, _OPTIONS),
)

CODE_AGENT_TOOLS = frozenset(
    """
    apply_diff apply_patch bash developer__shell developer__text_editor edit edit_file exec exec_command execute
    execute_bash execute_command grep insert_edit_into_file multiedit read read_file replace_in_file
    replace_string_in_file run_command run_in_terminal run_shell_command run_terminal_cmd search_replace shell
    shell_command str_replace str_replace_editor str_replace_based_edit_tool terminal write write_file write_to_file
    """.split()
)
"""Names of tools that coding agents offer: a request with one of them is a turn of such an agent."""
