"""Every error has an owner: whoever configured us, the client, or an upstream.

FarthingError
├── ConfigError     the operator's: a list of problems, each with file, place and remedy
└── ApiError        what the client is told, in the shape that OpenAI's clients expect
"""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct


class FarthingError(Exception):
    """Anything that Farthing raises on purpose."""


class Problem(Struct, frozen=True, order=True):
    """One mistake in a file: where it is, what is wrong, and what would be right."""

    file: str
    place: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.place}" if self.place else self.file
        return f"{where}: {self.message}"


class ConfigError(FarthingError):
    """The configuration cannot be used; `problems` names everything wrong with it at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class ApiError(FarthingError):
    """An error response: the HTTP status and the fields of OpenAI's error object.

    `retry_after_s` becomes the Retry-After header, `headers` are further ones; `param` names the
    field at fault. `more` are further members of the error object, as an upstream has told them.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        param: str | None = None,
        kind: str = "invalid_request_error",
        retry_after_s: float | None = None,
    ) -> None:
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.retry_after_s = retry_after_s
        self.more: Mapping[str, object] = {}
        self.headers: Mapping[str, str] = {}
        super().__init__(f"{status} {code}: {message}")

    def with_more(self, more: Mapping[str, object]) -> Self:
        """This error, with further members of the error object."""
        self.more = more
        return self

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """This error, to be sent with further headers."""
        self.headers = headers
        return self

    @classmethod
    def invalid(cls, param: str, message: str) -> Self:
        """400: a field of the request has a wrong type or value."""
        return cls(400, message, code="invalid_value", param=param)
