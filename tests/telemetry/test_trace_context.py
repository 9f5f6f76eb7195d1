"""The headers of distributed traces, by https://www.w3.org/TR/trace-context/."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from router.domain.trace import Trace
from router.wire.trace_context import headers_for, trace_of

_TRACE, _SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def _told(parent: str, state: str = "") -> Trace:
    return trace_of("req_1", {"traceparent": parent, "tracestate": state}, share=0.0)


def test_the_clients_trace_goes_on_with_a_span_of_our_own_as_parent() -> None:
    trace = _told(f"00-{_TRACE}-{_SPAN}-01", "vendor=1")

    assert (trace.trace_id, trace.parent, trace.is_sampled) == (_TRACE, _SPAN, True)
    assert headers_for(trace, 2) == {
        "traceparent": f"00-{_TRACE}-{trace.span_of(2)}-01",
        "tracestate": "vendor=1",
    }


def test_a_client_that_does_not_record_its_trace_decides_that_for_us() -> None:
    trace = trace_of("req_1", {"traceparent": f"00-{_TRACE}-{_SPAN}-00"}, share=1.0)

    assert not trace.is_sampled
    assert headers_for(trace, 1)["traceparent"].endswith("-00")


def test_a_later_version_of_the_standard_is_read_as_far_as_it_is_known() -> None:
    assert _told(f"01-{_TRACE}-{_SPAN}-01-more").trace_id == _TRACE


@pytest.mark.parametrize(
    "written",
    [
        "",
        f"ff-{_TRACE}-{_SPAN}-01",
        f"00-{'0' * 32}-{_SPAN}-01",
        f"00-{_TRACE}-{'0' * 16}-01",
        f"00-{_TRACE.upper()}-{_SPAN}-01",
        f"00-{_TRACE}-{_SPAN}",
        f"00-{_TRACE}-{_SPAN[:-1]}-01",
        f"00-{_TRACE}-{_SPAN}-01-more",
    ],
)
def test_what_is_no_parent_begins_a_trace_of_its_own(written: str) -> None:
    trace = _told(written, "vendor=1")

    assert trace.trace_id != _TRACE
    assert (trace.parent, trace.state) == ("", "")


def test_a_state_on_several_lines_is_one_and_two_parents_are_none() -> None:
    parent = ("Traceparent", f"00-{_TRACE}-{_SPAN}-01")
    states = [("tracestate", "vendor=1"), ("TraceState", "other=2")]

    assert trace_of("req_1", CIMultiDict([parent, *states]), 0.0).state == "vendor=1,other=2"
    assert trace_of("req_1", CIMultiDict([parent, parent, *states]), 0.0).parent == ""


def test_a_state_longer_than_anybody_must_pass_on_is_left_out() -> None:
    assert _told(f"00-{_TRACE}-{_SPAN}-01", "v=" + "x" * 511).state == ""


@given(st.text())
def test_whatever_a_client_writes_is_a_trace(written: str) -> None:
    trace = trace_of("req_1", {"traceparent": written}, share=0.5)

    assert len(headers_for(trace, 1)["traceparent"]) == 55


@given(st.text(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_who_is_recorded_at_a_share_is_so_at_every_larger_one(
    request_id: str, one: float, other: float
) -> None:
    less, more = sorted((one, other))

    assert trace_of(request_id, {}, less).is_sampled <= trace_of(request_id, {}, more).is_sampled


def test_about_the_share_is_recorded_none_at_nought_and_all_at_one() -> None:
    def recorded(share: float) -> int:
        return sum(trace_of(f"req_{n}", {}, share).is_sampled for n in range(2_000))

    assert recorded(0.0) == 0
    assert 120 < recorded(0.1) < 280
    assert recorded(1.0) == 2_000


@given(st.text(min_size=1))
def test_the_spans_of_a_request_are_told_apart_and_always_the_same(request_id: str) -> None:
    trace, again = trace_of(request_id, {}, 1.0), trace_of(request_id, {}, 1.0)
    spans = [trace.span, *(trace.span_of(attempt) for attempt in range(-1, 5))]

    assert len(set(spans)) == len(spans)
    assert spans == [again.span, *(again.span_of(attempt) for attempt in range(-1, 5))]


def test_ids_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="impossible trace"):
        Trace("req_1", "abc")
