"""What one of several workers gets of a configuration: its share of what all of them may do together."""

from collections.abc import Mapping

from msgspec import Struct

from router.config.settings import Settings
from router.domain.limits import Limits
from router.domain.members import replace
from router.domain.model import Model


class Part(Struct, frozen=True):
    """Worker `number` of `workers`, counted from 0."""

    number: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        """Refuse a number that is out of range."""
        if not 0 <= self.number < self.workers:
            raise ValueError(f"there is no worker {self.number} of {self.workers}")

    def of(self, settings: Settings) -> Settings:
        """The settings for this worker.

        What providers allow is divided, since each worker counts for itself. Only the first worker
        deletes what is older than `ledger.keep_days`.
        """
        if self.workers == 1:
            return settings
        ledger = settings.ledger
        return replace(
            settings,
            catalog=self._models(settings.catalog),
            vectors=self._models(settings.vectors),
            ledger=ledger if self.number == 0 else replace(ledger, keep_days=None),
        )

    def share(self, limit: int | None) -> int | None:
        """This worker's share of `limit`: the shares add up to the limit, except that each is at least 1."""
        if limit is None:
            return None
        return max(1, limit // self.workers + (self.number < limit % self.workers))

    def _models(self, models: Mapping[str, Model]) -> dict[str, Model]:
        return {name: self._model(model) for name, model in models.items()}

    def _model(self, model: Model) -> Model:
        return replace(
            model,
            limits=self._limits(model.limits),
            replicas=tuple(map(self._model, model.replicas)),
        )

    def _limits(self, limits: Limits) -> Limits:
        return Limits(
            self.share(limits.in_flight),
            self.share(limits.requests_per_minute),
            self.share(limits.tokens_per_minute),
        )


WHOLE = Part()
"""Everything, for a single process."""
