"""An upstream that quotes the prompt in the code of its error: the client is told it, and nobody else."""

from pathlib import Path

import orjson

from tests.e2e.configs import fixed_model, write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream
from tests.e2e.wire import chat, get, post

SAID = "quoted prompt: my secret diary"


def test_metrics_have_no_label_that_might_quote_something(
    tmp_path: Path, shared_fixed: FixedUpstream
) -> None:
    error = {"message": "No.", "code": SAID, "type": "invalid_request_error"}
    shared_fixed.answer = Canned((orjson.dumps({"error": error}),), status=400)
    config = write_config(
        tmp_path, shared_fixed.base_url, models={"fixed": fixed_model("sim")}, cache={"url": "off"}
    )
    with Farthing(config) as farthing:
        refused = post(farthing.base_url, chat("Hello", "fixed"))
        told = get(f"{farthing.url}/metrics").body.decode()

    assert (refused.status, refused.error["code"]) == (400, SAID)
    assert 'farthing_error_answers_total{code="error",status="400"} 1.0' in told
    assert "diary" not in told
