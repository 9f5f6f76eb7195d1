"""What the `model` of a request means: a policy, a routed name, or a pinned model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase

from msgspec import Struct

from router.decision.policy import NOTHING_ASKED, Asks, Policy, Terms
from router.domain.errors import ApiError
from router.domain.model import Model

AUTO = "auto"
AUTO_PREFIX = "auto:"
_SHOWN = 8
"""How many of all names an error lists where none is near."""


def is_of_policy(asked: str) -> bool:
    """Whether this asks for a policy by its name, or for the default one: no route applies to it."""
    return asked == AUTO or asked.startswith(AUTO_PREFIX)


class Route(Struct, frozen=True):
    """Which policy decides for a name that clients send; `reference` is the model it stands for.

    Without a reference the name stands for the model of that name, if there is one.
    """

    policy: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """The policies by name, the default one's name, and routes by the names that requests ask for (globs).

    `asks` is what the policies need to be told about every request; `pinned` are the terms where the client names the
    model: the default policy's for the cache, and no others.
    """

    policies: Mapping[str, Policy]
    default: str
    routes: Mapping[str, Route] = field(default_factory=dict)
    asks: Asks = field(init=False, default=NOTHING_ASKED)
    pinned: Terms = field(init=False, default_factory=Terms)

    def __post_init__(self) -> None:
        """Gather what the policies ask, and what holds without them, once."""
        every = NOTHING_ASKED
        for policy in self.policies.values():
            every |= policy.asks
        object.__setattr__(self, "asks", every)
        if self.default in self.policies:
            pinned = Terms(cache=self.policies[self.default].terms.cache)
            object.__setattr__(self, "pinned", pinned)

    def named(self, name: str) -> Policy:
        """The policy `name`. Raises ApiError 404 that suggests the nearest names."""
        if name in self.policies:
            return self.policies[name]
        raise _not_found(
            f"There is no policy '{name}'", "policy_not_found", name, self.policies, AUTO_PREFIX
        )

    def route_of(self, asked: str) -> Route | None:
        """The first route whose pattern the name matches, in the order of the file; None for a policy's own name."""
        if is_of_policy(asked):
            return None
        routes = self.routes.items()
        return next((route for pattern, route in routes if fnmatchcase(asked, pattern)), None)

    def stands_for(self, asked: str) -> str:
        """The model that a route says the name stands for, "" if it says none."""
        route = self.route_of(asked) if self.routes else None
        return route.reference if route else ""


def resolve(
    asked: str, book: PolicyBook, catalog: Mapping[str, Model], told: Iterable[str] | None = None
) -> Policy | Model:
    """The policy that decides, or the model that is pinned. Raises ApiError 404 for an unknown name.

    The error names models that the client may ask for: those `told`, or all of them.
    Routes come before the catalog: a model whose name is routed is the reference, not the answer.
    """
    if asked == AUTO:
        return book.named(book.default)
    if asked.startswith(AUTO_PREFIX):
        return book.named(asked.removeprefix(AUTO_PREFIX))
    if route := book.route_of(asked):
        return book.named(route.policy)
    if asked in catalog:
        return catalog[asked]
    known = [AUTO, *(catalog if told is None else told)]
    if asked in book.policies:
        known.append(f"{AUTO_PREFIX}{asked}")
    raise _no_model(asked, known)


def _no_model(asked: str, known: list[str]) -> ApiError:
    """A 404 that also says, if no known name is similar, how a policy can answer for this one."""
    error = _not_found(f"There is no model '{asked}'", "model_not_found", asked, known)
    if _near(asked, known):
        return error
    way = " A policy can answer for this name: the operator adds it to 'policies.routes'."
    return ApiError(404, error.message + way, code=error.code, param=error.param)


def _not_found(
    what: str, code: str, asked: str, known: Mapping[str, object] | list[str], prefix: str = ""
) -> ApiError:
    near = _near(asked, known)
    names = ", ".join(f"'{prefix}{name}'" for name in near or sorted(known)[:_SHOWN])
    hint = f"did you mean {names}?" if near else f"available: {names}."
    return ApiError(404, f"{what}; {hint}", code=code, param="model")


def _near(asked: str, known: Iterable[str]) -> list[str]:
    return get_close_matches(asked, known, n=3, cutoff=0.5)
