"""One simulated upstream without its sockets: its models, the faults to come, and its counts."""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct

from router.providers.simulated import wire
from router.providers.simulated.answering.minds import NOTHING_IN_COMMON, Minds
from router.providers.simulated.answers import answer
from router.providers.simulated.counters import Account, CallRecord, Counters, Ending
from router.providers.simulated.errors import invalid, unknown_model
from router.providers.simulated.faults import BadFault, name_of, parse_fault, parse_for
from router.providers.simulated.prefix_cache import Found, PrefixCache
from router.providers.simulated.request import ChatRequest, parse
from router.providers.simulated.schedule import FaultBook
from router.providers.simulated.script import Call, Fault
from router.providers.simulated_models import SimulatedModel, by_id


class Settings(Struct, frozen=True):
    """How a simulator behaves.

    The models' delays are multiplied by `speed`: 1 is real time, 0 no delay at all. Delays that a
    fault names are not scaled. `api_key` is required if it is set. The last `log_size` calls are
    recorded, with their bodies if `keep_bodies`. `now_s` is Unix time. `minds` is what the models
    have in common.
    """

    seed: int = 0
    minds: Minds = NOTHING_IN_COMMON
    speed: float = 1.0
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    keep_bodies: bool = False
    api_key: str | None = None
    log_size: int = 1000
    now_s: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        """Refuse to run backwards."""
        if not self.speed >= 0:
            raise ValueError(f"speed must be 0 or more, not {self.speed}")
        if self.log_size < 0:
            raise ValueError(f"log_size must be 0 or more, not {self.log_size}")


class Received(Struct, frozen=True):
    """A request as it came, and as it was understood."""

    body: bytes
    header_names: tuple[str, ...]
    request: ChatRequest
    model: SimulatedModel


class Admitted(Struct, frozen=True):
    """A request that has been counted, and the fault that it will meet: its name, `ok` for none.

    `repeat` is how often exactly the same was asked before, if each time is another sample.
    """

    received: Received
    account: Account
    fault_name: str
    fault: Fault | None
    prefix: Found
    repeat: int = 0


class Simulation:
    """Takes requests and says what is to be sent; the sender then reports how that ended."""

    def __init__(self, models: Iterable[SimulatedModel], settings: Settings) -> None:
        self.models = by_id(models)
        self.settings = settings
        self.faults = FaultBook(self.models)
        prices = {model.id: model.price for model in self.models.values()}
        self.counters = Counters(prices, settings.log_size)
        self._caches = {model: PrefixCache() for model in self.models}
        self._samples = Counter[bytes]()

    def receive(self, body: bytes, header_names: Iterable[str], in_chat: bytes | None) -> Received:
        """The request, with `in_chat` as the equivalent of `body` if that is in another dialect.

        Raises Refused if it is malformed or its model is not simulated.
        """
        request = parse(body if in_chat is None else in_chat)
        model = self.models.get(request.model)
        if model is None:
            raise unknown_model(request.model)
        return Received(body, tuple(header_names), request, model)

    def admit(self, received: Received, asked_fault: str | None) -> Admitted:
        """Count the request, and choose its fault: the one from its header, its metadata, or the book.

        Raises Refused for an unknown fault.
        """
        model, request = received.model.id, received.request
        asked = asked_fault or request.simulate
        try:
            text = parse_for(asked, model, self.models) if asked else self.faults.next_for(model)
            fault = parse_fault(text)
        except BadFault as error:
            raise invalid("metadata.simulate", str(error), "unknown_fault") from error
        prompt_tokens = request.prompt_tokens
        prefix = self._caches[model].look(request, prompt_tokens)
        account = self.counters.begin(model, prompt_tokens, prefix.cached_tokens)
        repeat = self._repeat(received)
        return Admitted(received, account, name_of(text), fault, prefix, repeat)

    def call(self, admitted: Admitted) -> Call:
        """The model's answer. Raises Refused if it cannot answer."""
        request, model = admitted.received.request, admitted.received.model
        seed = self.settings.seed
        envelope = wire.Envelope(
            id=f"chatcmpl-{seed & 0xFFFFFFFF:08x}{admitted.account.number:016x}",
            created_s=int(self.settings.now_s()),
            model=model.id,
            fingerprint=f"fp_sim{seed & 0xFFFFFFFF:08x}",
        )
        cached = admitted.prefix.cached_tokens
        said = answer(request, model, seed, self.settings.minds, admitted.repeat)
        return Call(request, model, said, envelope, cached)

    def ended(self, admitted: Admitted, ending: Ending) -> None:
        """Count the end of the call; what the model has read is now cached."""
        received, account = admitted.received, admitted.account
        if admitted.fault is not None:
            account.counters.faults[admitted.fault_name] += 1
        if account.started:
            self._caches[received.model.id].remember(admitted.prefix)
        account.counters.ended(account, ending)
        if self.settings.log_size:
            self.counters.calls.append(self._record(admitted, ending))

    def reset(self) -> None:
        """Counters at 0, an empty log, no samples, cold prompt caches; the faults to come stay."""
        self.counters.reset()
        self._samples.clear()
        for cache in self._caches.values():
            cache.clear()

    def _repeat(self, received: Received) -> int:
        """How often exactly the same was asked before, which numbers the sample; 0 if nothing is sampled."""
        request = received.request
        is_drawn = self.settings.minds.repeats is not None and request.temperature > 0
        if not is_drawn or request.seed is not None:
            return 0
        asked = hashlib.sha256(received.body).digest()
        self._samples[asked] += 1
        return self._samples[asked] - 1

    def _record(self, admitted: Admitted, ending: Ending) -> CallRecord:
        received = admitted.received
        return CallRecord(
            number=admitted.account.number,
            model=received.model.id,
            ending=ending,
            fault=admitted.fault_name,
            stream=received.request.stream,
            body_sha256=hashlib.sha256(received.body).hexdigest(),
            body=received.body if self.settings.keep_bodies else None,
            header_names=received.header_names,
            usage=admitted.account.usage,
        )
