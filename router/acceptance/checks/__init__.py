"""The tests of answers, one file each: a new one is a file and a row.

Each checks the answers of a case against the bar of a check, and says for each one that can be taken
whether it accepts it. It never raises, and never quotes: tests/acceptance/test_conformance.py says
whether it conforms.
"""

from collections.abc import Mapping

from router.acceptance.case import Hold
from router.acceptance.checks import (
    agreement,
    complete,
    judge,
    logprob,
    schema,
    similarity,
    tool_calls,
)
from router.domain.cascade import Test

CHECKS: Mapping[Test, Hold] = {
    Test.AGREEMENT: agreement.hold,
    Test.SIMILARITY: similarity.hold,
    Test.COMPLETE: complete.hold,
    Test.SCHEMA: schema.hold,
    Test.TOOL_CALLS: tool_calls.hold,
    Test.LOGPROB: logprob.hold,
    Test.JUDGE: judge.hold,
}
