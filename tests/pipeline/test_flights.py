"""Who leads, who goes along, and what becomes of them when the leader fails, leaves, or is done."""

import asyncio
from typing import Any

import pytest

from router.domain.errors import ApiError
from router.pipeline.flights import Flights, FlightTurn, JoinedStream, Landing, Whole
from router.pipeline.listener import Listener
from router.pipeline.relay import Broadcast
from router.wire.errors import error_body
from tests.pipeline.relay_kit import ANSWER, WRITER, Nothing

DOWN = ApiError(502, "It is down.", code="upstream_error", kind="server_error")
WRONG = ApiError(400, "It makes no sense.", code="invalid_value", param="top_p").with_more(
    {"innererror": {"code": "odd"}}
)


def stream() -> Broadcast:
    nothing = Nothing()
    return Broadcast(nothing, Listener(1000), nothing)


async def waiting(flights: Flights, count: int) -> list[asyncio.Task[Landing]]:
    """This many that wait for the flight "k", which another request leads."""
    tasks = [asyncio.create_task(flights.board("k").turn(60)) for _ in range(count)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)
    return tasks


async def turns(tasks: list[asyncio.Task[Landing]]) -> list[Landing | str | None]:
    """What each has got so far; None for those that wait."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    got: list[Any] = []
    for task in tasks:
        error = task.exception() if task.done() else None
        got.append(
            error.code if isinstance(error, ApiError) else task.result() if task.done() else None
        )
    return got


async def test_the_first_leads_and_all_others_get_the_whole_answer() -> None:
    flights = Flights()
    flight = flights.board("k")
    assert await flight.turn(60) is FlightTurn.LEAD
    others = await waiting(flights, 99)
    flight.whole(ANSWER)

    assert await turns(others) == [Whole(ANSWER)] * 99
    assert await flights.board("k").turn(60) == Whole(ANSWER)  # until it is stored
    flight.end()
    assert len(flights) == 0
    assert await flights.board("k").turn(60) is FlightTurn.LEAD


async def test_other_questions_are_other_flights() -> None:
    flights = Flights()
    assert await flights.board("k").turn(60) is FlightTurn.LEAD
    assert await flights.board("l").turn(60) is FlightTurn.LEAD
    assert len(flights) == 2


async def test_what_was_stored_all_the_time_is_found_by_everybody() -> None:
    flights = Flights()
    flight = flights.board("k")
    await flight.turn(60)
    others = await waiting(flights, 3)
    flight.look()

    assert await turns(others) == [FlightTurn.LOOK] * 3


async def test_a_stream_is_boarded_while_it_goes_on() -> None:
    flights, broadcast = Flights(), stream()
    flight = flights.board("k")
    await flight.turn(60)
    place = broadcast.enter()
    others = await waiting(flights, 2)
    flight.begun(WRITER, broadcast)
    late = await flights.board("k").turn(60)

    places = [*await turns(others), late]
    assert [each.place for each in places if isinstance(each, JoinedStream)] == [1, 2, 3]
    flight.end()
    assert await flights.board("k").turn(60) is FlightTurn.LEAD
    for number in range(1, 4):
        await broadcast.leave(number)
    assert broadcast.is_lonely
    await broadcast.leave(place)


async def test_a_stream_that_cannot_be_had_whole_any_more_is_not_boarded() -> None:
    flights, broadcast = Flights(), stream()
    flight = flights.board("k")
    await flight.turn(60)
    broadcast.enter()
    flight.begun(WRITER, broadcast)
    broadcast.listener.kept = None
    other = flights.board("k")

    assert other is not flight
    assert await other.turn(60) is FlightTurn.LEAD
    flight.end()
    assert flights.board("k") is other


async def test_when_the_leader_leaves_the_next_in_line_leads() -> None:
    flights = Flights()
    flight = flights.board("k")
    await flight.turn(60)
    others = await waiting(flights, 3)
    flight.failed(None)
    assert await turns(others) == [FlightTurn.LEAD, None, None]
    flight.failed(None)
    assert await turns(others) == [FlightTurn.LEAD, FlightTurn.LEAD, None]
    flight.whole(ANSWER)
    assert await turns(others) == [FlightTurn.LEAD, FlightTurn.LEAD, Whole(ANSWER)]


async def test_two_leaders_that_fail_are_enough_for_everybody() -> None:
    flights = Flights()
    flight = flights.board("k")
    await flight.turn(60)
    others = await waiting(flights, 4)
    flight.failed(DOWN)
    assert await turns(others) == [FlightTurn.LEAD, None, None, None]
    flight.failed(DOWN)
    assert await turns(others) == [FlightTurn.LEAD, *["upstream_error"] * 3]
    assert len(flights) == 0


async def test_what_is_wrong_with_the_request_is_wrong_for_everybody() -> None:
    flights = Flights()
    flight = flights.board("k")
    await flight.turn(60)
    others = await waiting(flights, 3)
    flight.failed(WRONG)

    assert await turns(others) == ["invalid_value"] * 3
    errors = [task.exception() for task in others]
    assert len({id(error) for error in errors}) == 3
    assert {str(error_body(each)) for each in errors if isinstance(each, ApiError)} == {
        str(error_body(WRONG))
    }


@pytest.mark.parametrize("status", [401, 402, 403, 429, 504])
async def test_what_is_wrong_with_one_caller_is_not(status: int) -> None:
    flights = Flights()
    flight = flights.board("k")
    await flight.turn(60)
    others = await waiting(flights, 4)
    for _ in range(3):
        flight.failed(ApiError(status, "Not you.", code="no"))

    assert await turns(others) == [FlightTurn.LEAD, FlightTurn.LEAD, FlightTurn.LEAD, None]
    flight.end()
    for task in others:
        task.cancel()


async def test_whoever_leaves_the_line_is_passed_over() -> None:
    flights = Flights()
    flight = flights.board("k")
    await flight.turn(60)
    others = await waiting(flights, 3)
    others[0].cancel()
    await asyncio.sleep(0)
    flight.failed(None)

    assert (await turns(others[1:])) == [FlightTurn.LEAD, None]
    others[2].cancel()


async def test_whoever_leaves_in_the_moment_of_getting_the_lead_hands_it_on() -> None:
    flights = Flights()
    flight = flights.board("k")
    await flight.turn(60)
    others = await waiting(flights, 2)
    flight.failed(None)
    others[0].cancel()

    assert (await turns(others[1:])) == [FlightTurn.LEAD]


async def test_whoever_leaves_in_the_moment_of_getting_a_place_gives_it_back() -> None:
    flights, broadcast = Flights(), stream()
    flight = flights.board("k")
    await flight.turn(60)
    broadcast.enter()
    others = await waiting(flights, 1)
    flight.begun(WRITER, broadcast)
    others[0].cancel()
    await asyncio.gather(*others, return_exceptions=True)

    assert broadcast.is_lonely


async def test_nobody_waits_beyond_his_own_deadline() -> None:
    flights = Flights()
    flight = flights.board("k")
    await flight.turn(60)

    assert await flight.turn(0.01) is FlightTurn.LATE
    assert repr(flight) == "<Flight led=True over=False waiting=0>"


async def test_when_nobody_is_left_the_flight_is_over() -> None:
    flights = Flights()
    flight = flights.board("k")
    await flight.turn(60)
    flight.failed(None)

    assert len(flights) == 0
