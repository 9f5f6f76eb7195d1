"""What need not be read twice while a process runs: shipped data, and unchanged files."""

from collections.abc import Collection
from hashlib import sha256
from pathlib import Path

from router.config.evidence.learnt import NOTHING_LEARNT, Learnt, read_learnt, sums_in
from router.config.evidence.priors import Priors
from router.config.prices.price_map import PriceMap
from router.config.yaml_file import YamlFile, bytes_of, parse_yaml


class Library:
    """Keeps parsed files: parsing them again takes ten times as long."""

    def __init__(self, *, learns: bool = True) -> None:
        """Without `learns` nothing learnt is in force: reading it, and loading numpy for it, takes 100 ms."""
        self._learns = learns
        self._parsed: dict[Path, YamlFile] = {}
        self._learnt: tuple[object, Learnt] = (None, NOTHING_LEARNT)

    @property
    def prices(self) -> PriceMap:
        """The shipped price map. It is opened each time: that takes 15 ms, but keeping it would take 4 MB."""
        return PriceMap.shipped()

    @property
    def priors(self) -> Priors:
        """The shipped priors. They are read each time, too: that takes 2 ms, but keeping them would take 2 MB."""
        return Priors.shipped()

    def learnt(self, artefact: str, pinned: str | None, beside: Path) -> Learnt:
        """What `quality.artefact` names; read again only if it has changed, or was in trouble."""
        if not self._learns:
            return NOTHING_LEARNT
        key = (artefact, pinned, beside, sums_in(beside / artefact))
        if self._learnt[0] != key or self._learnt[1].troubles:
            self._learnt = (key, read_learnt(artefact, pinned, beside))
        return self._learnt[1]

    def read(self, path: Path) -> YamlFile:
        """The file as it is now; parsed again only if its bytes have changed. Raises ConfigError."""
        raw, known = bytes_of(path, str(path)), self._parsed.get(path)
        if known is None or known.digest != sha256(raw).hexdigest():
            known = self._parsed[path] = parse_yaml(raw, str(path))
        return known

    def forget_others(self, paths: Collection[Path]) -> None:
        """Drop all files but those at `paths`."""
        self._parsed = {path: file for path, file in self._parsed.items() if path in paths}
