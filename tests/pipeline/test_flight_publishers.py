"""What other processes are told of a flight that ends at the very moment at which they begin to want it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import orjson
from msgspec import structs

from router.domain.usage import Usage
from router.pipeline.flight_publisher import SharedFlightPublisher, followed
from router.pipeline.flights import Flight, Flights, FlightTurn, JoinedStream
from router.pipeline.listener import Listener
from router.pipeline.opened import OpenedStream
from router.pipeline.relay import Broadcast, Patience, StreamClient
from router.wire.sse import DONE
from tests.pipeline.relay_kit import ANSWER, WRITER, Canned, Nothing, ends, says


class Lead:
    """Implements `router.ports.Lead`, and remembers what became of it."""

    is_successor = False

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_given_up = False

    async def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    async def is_wanted(self) -> bool:
        return True

    async def give_up(self) -> None:
        self.is_given_up = True

    async def again(self) -> AsyncIterator[bytes]:
        """What a follower gets."""
        for frame in self.sent:
            yield frame


class Ending(Nothing):
    """A stream whose flight is over when nobody reads it any more."""

    def __init__(self, flight: Flight) -> None:
        super().__init__()
        self._flight = flight

    def abandon(self, listener: Listener) -> None:
        self._flight.end()


class Lit:
    """A flight that this process leads, for others as well."""

    def __init__(self) -> None:
        self.flight = Flights().board("k")
        self.lead = Lead()
        self._working: list[asyncio.Task[None]] = []
        patience = Patience(5.0, float("inf"), lambda: 0.0)
        self.publisher = SharedFlightPublisher(
            self.flight, patience, lambda work: self._working.append(asyncio.create_task(work))
        )

    async def begin(self) -> None:
        assert await self.flight.turn(1.0) is FlightTurn.LEAD
        self.publisher.light(self.lead)

    async def told(self) -> list[bytes]:
        """The letters of all frames, once the lead is given up."""
        async with asyncio.timeout(5):
            await asyncio.gather(*self._working)
        assert self.lead.is_given_up
        return [frame[:1] for frame in self.lead.sent]


async def test_nothing_when_it_has_failed() -> None:
    lit = Lit()
    await lit.begin()
    lit.publisher.wanted()
    lit.flight.failed(None)
    assert await lit.told() == []


async def test_nothing_when_the_last_client_has_left_its_stream() -> None:
    lit = Lit()
    await lit.begin()
    ending = Ending(lit.flight)
    broadcast = Broadcast(ending, Listener(1000), ending)
    place = broadcast.enter()
    lit.flight.begun(WRITER, broadcast)
    lit.publisher.wanted()
    await broadcast.leave(place)
    assert await lit.told() == []


async def test_the_answer_when_it_is_there() -> None:
    lit = Lit()
    await lit.begin()
    lit.publisher.wanted()
    lit.flight.whole(ANSWER)
    lit.flight.end()
    assert await lit.told() == [b"W"]


async def test_nothing_of_a_stream_whose_beginning_is_kept_no_more() -> None:
    lit = Lit()
    await lit.begin()
    ending = Ending(lit.flight)
    pieces = [says("x" * 600), says("y" * 600), says("z" * 600), ends()]
    broadcast = Broadcast(OpenedStream(Canned(pieces), lambda: None), Listener(1000), ending)
    place = broadcast.enter()
    lit.flight.begun(WRITER, broadcast)
    async with aclosing(broadcast.reading(place, reader())) as reading:
        for _ in range(3):
            await anext(reading)
        lit.publisher.wanted()
        assert await lit.told() == []


async def test_a_stream_is_whole_for_all_where_its_upstream_names_no_reason_for_its_end() -> None:
    lit = Lit()
    await lit.begin()
    pieces = [says("hello"), DONE]
    source, ending = OpenedStream(Canned(pieces), lambda: None), Ending(lit.flight)
    broadcast = Broadcast(source, Listener(1000), ending)
    place = broadcast.enter()
    lit.flight.begun(WRITER, broadcast)
    lit.publisher.wanted()
    await asyncio.sleep(0)  # for the feed to come in
    here = await read(broadcast, place)
    assert await lit.told() == [b"H", b"E", b"Z"]

    landed = await followed(lit.lead.again(), Flights().board("k"))
    assert isinstance(landed, JoinedStream)
    assert here == await read(landed.broadcast, landed.place) == b"".join(pieces)


async def test_a_stream_of_a_newer_leader_is_whole_though_it_tells_more_of_writer_and_usage() -> (
    None
):
    lead, pieces = Lead(), [says("hello"), DONE]
    told = {**structs.asdict(WRITER), "region": "eu"}
    await lead.send(b"H" + orjson.dumps(told))
    await lead.send(b"E" + pieces[0])
    await lead.send(b'Z{"output_tokens":7,"video_tokens":3}')

    landed = await followed(lead.again(), Flights().board("k"))
    assert isinstance(landed, JoinedStream)
    assert landed.writer == WRITER
    assert await read(landed.broadcast, landed.place) == b"".join(pieces)
    assert landed.broadcast.listener.paid == Usage(output_tokens=7)


def reader() -> StreamClient:
    async def finish() -> bytes:
        return b""

    return StreamClient(True, Patience(5.0, float("inf"), lambda: 0.0), finish, lambda _: None)


async def read(broadcast: Broadcast, place: int) -> bytes:
    return b"".join([piece async for piece in broadcast.reading(place, reader())])
