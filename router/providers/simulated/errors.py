"""What a simulated upstream refuses, in the words that OpenAI's API would use."""

from msgspec import Struct


class Refusal(Struct, frozen=True):
    """An error answer: the HTTP status and the four fields of OpenAI's error object."""

    status: int
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        """Refuse a status that is not one."""
        if not 100 <= self.status <= 999:
            raise ValueError(f"an HTTP status has three digits, not {self.status}")


class Refused(Exception):
    """The request cannot be answered; `refusal` is what the client is told instead."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def invalid(param: str | None, message: str, code: str | None = None) -> Refused:
    """A 400 that blames the field `param` of the request."""
    return Refused(Refusal(400, message, param=param, code=code))


def unknown_model(model: str) -> Refused:
    """The 404 for a model that is not simulated here."""
    return Refused(
        Refusal(
            404,
            f"The model `{model}` does not exist or you do not have access to it.",
            param="model",
            code="model_not_found",
        )
    )


def wrong_key() -> Refused:
    """The 401 for a missing or wrong API key."""
    return Refused(
        Refusal(
            401,
            "Incorrect API key provided: it is not the one this server was started with.",
            code="invalid_api_key",
        )
    )


def too_large() -> Refused:
    """The 413 for a body that is too large to be read to its end."""
    return Refused(Refusal(413, "The request is too large.", code="request_too_large"))


def too_long(limit: int, asked: int) -> Refused:
    """The 400 for a prompt that exceeds the context window together with the room asked for its answer."""
    return invalid(
        "messages",
        f"This model's maximum context length is {limit} tokens. However, your messages and the "
        f"room asked for the answer come to {asked} tokens. Please reduce the length of either.",
        code="context_length_exceeded",
    )
