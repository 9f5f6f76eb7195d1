"""Budgets and limits per minute, from the form in which they are written to that of the domain."""

from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, field_validator, model_validator

from router.config.words import Dollars, Name, Section, Tag
from router.domain.budget import EACH, EVERYTHING, Budget, BudgetWindow, RateLimit, Scope, ScopeKind
from router.domain.money import Money


def _whole(name: str) -> str:
    if EACH in name and name != EACH:
        raise ValueError(f"must be a whole name, or '{EACH}' for each of them: it is no pattern")
    return name


_Whole = AfterValidator(_whole)


class _Scoped(Section):
    """For a key, a tag or a policy by name, for each of them (`*`), or for everything."""

    key: Annotated[Name, _Whole] | None = None
    tag: Annotated[Tag, _Whole] | None = None
    policy: Annotated[Name, _Whole] | None = None

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        if sum(name is not None for name in (self.key, self.tag, self.policy)) > 1:
            raise ValueError("accepts at most one of 'key', 'tag' and 'policy'")
        return self

    @property
    def scope(self) -> Scope:
        """The scope that it applies to."""
        for kind in (ScopeKind.KEY, ScopeKind.TAG, ScopeKind.POLICY):
            if (name := getattr(self, kind.value)) is not None:
                return Scope(kind, name)
        return EVERYTHING


class AmountSection(Section):
    """So much in each period."""

    usd: Dollars
    per: BudgetWindow = BudgetWindow.MONTH
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is an OSError
            raise ValueError("must be a time zone such as Europe/Berlin") from None
        return name

    def budget(self, scope: Scope) -> Budget:
        """The budget for a scope."""
        return Budget(scope, Money.from_usd(self.usd), self.per, self.timezone)


class BudgetSection(AmountSection, _Scoped):
    """A budget: at its end requests are refused until its next period."""


class RatesSection(Section):
    """So many a minute."""

    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)

    def limit(self, scope: Scope) -> RateLimit:
        """The limit for a scope."""
        return RateLimit(scope, self.requests_per_minute, self.tokens_per_minute)


class LimitSection(RatesSection, _Scoped):
    """A limit per minute: beyond it requests are told to come back."""

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.requests_per_minute is None and self.tokens_per_minute is None:
            raise ValueError("needs 'requests_per_minute' or 'tokens_per_minute', or both")
        return self
