"""The programs of a run: simulated models, and Farthing in front of them with the policies to be compared."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.providers.simulated import Minds
from tests.e2e.books import rows
from tests.e2e.configs import as_yaml, ledger_of, write_config
from tests.e2e.programs import Farthing, Simulate, run

ALONE, CASCADE = "alone", "cascade"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared: a pair before a final model, with models that have this much in common."""

    pair: tuple[str, str]
    final: str
    minds: Minds
    speed: float
    seed: int


@dataclass(frozen=True, slots=True)
class Rig:
    """Farthing with its ledger. `has_cascades` is whether this build accepts a policy that has one."""

    farthing: Farthing
    has_cascades: bool

    @property
    def ledger(self) -> Path:
        """Where its ledger is."""
        return ledger_of(self.farthing.config)

    def booked(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The ledger's rows by request."""
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in rows(self.ledger):
            found[str(row["request_id"])].append(row)
        return found


@contextmanager
def running(plan: Plan, folder: Path, artefact: Path | None) -> Iterator[Rig]:
    """Both programs, until the context ends; Farthing uses the artefact, if there is one."""
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulate(*_arguments(plan)))
        config = _config(plan, folder, f"{simulator.url}/v1", artefact)
        has_cascades = _is_sound(config, _policy_file(folder, CASCADE), _cascade(plan))
        yield Rig(stack.enter_context(Farthing(config)), has_cascades)


def _arguments(plan: Plan) -> list[str]:
    minds = plan.minds
    shares = {"difficulty": minds.difficulty, "mistakes": minds.mistakes, "repeats": minds.repeats}
    common = ",".join(f"{name}={share}" for name, share in shares.items() if share is not None)
    told = ["--in-common", common, "--forms", minds.forms.value]
    return [*told, "--speed", str(plan.speed), "--seed", str(plan.seed)]


def _config(plan: Plan, folder: Path, url: str, artefact: Path | None) -> Path:
    (folder / "policies").mkdir()
    _policy_file(folder, ALONE).write_text(as_yaml(_alone(plan)), "utf-8")
    policies = {"directory": str(folder / "policies"), "default": ALONE}
    quality = {"artefact": str(artefact) if artefact else "none"}
    return write_config(folder, url, policies=policies, cache={"url": "off"}, quality=quality)


def _is_sound(config: Path, file: Path, policy: Mapping[str, Any]) -> bool:
    """Write the policy, and remove it again if Farthing does not understand it."""
    file.write_text(as_yaml(policy), "utf-8")
    if run("check", "--config", str(config)).status == 0:
        return True
    file.unlink()
    return False


def _policy_file(folder: Path, name: str) -> Path:
    return folder / "policies" / f"{name}.yaml"


def _alone(plan: Plan) -> dict[str, Any]:
    return {
        "policy": ALONE,
        "version": 1,
        "intent": "The final model of the cascade answers everything.",
        "reference": plan.final,
        "models": {"ids": [plan.final]},
        "adequate": {"within": 0.0},
        "otherwise": "best",
    }


def _cascade(plan: Plan) -> dict[str, Any]:
    step = {"models": list(plan.pair), "accept": "agreement"}
    return {
        "policy": CASCADE,
        "version": 1,
        "intent": "Two cheap models are asked at once, and the final one where they differ.",
        "reference": plan.final,
        "adequate": {"within": 0.0},
        "otherwise": "best",
        "strategy": "cascade",
        "cascade": {"use": "always", "steps": [step], "final": plan.final},
    }
