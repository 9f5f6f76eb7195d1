"""The readers of answers, by dialect."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from router.wire.answer import PlainAnswer, StreamEvent, read_plain
from router.wire.dialects.dialect import Dialect
from router.wire.native.forms import CHAT_FORM, StreamForm
from router.wire.native.messages import MessagesForm, read_message
from router.wire.native.responses import ResponsesForm, read_response
from router.wire.native.thoughts import named_answer, named_event

_FORMS: Mapping[Dialect, Callable[[], StreamForm]] = {
    Dialect.CHAT: lambda: CHAT_FORM,
    Dialect.MESSAGES: MessagesForm,
    Dialect.RESPONSES: ResponsesForm,
}
_PLAIN: Mapping[Dialect, Callable[[bytes], PlainAnswer]] = {
    Dialect.CHAT: read_plain,
    Dialect.MESSAGES: read_message,
    Dialect.RESPONSES: read_response,
}


class AnswerDialect(Struct, frozen=True):
    """How to read an upstream's answer: its dialect, and the origin that its thoughts are named after, "" for none."""

    dialect: Dialect = Dialect.CHAT
    origin: str = ""

    def form(self) -> StreamForm:
        """The reader of one stream."""
        form = _FORMS[self.dialect]()
        return NamingForm(form, self.origin) if self.origin else form

    def plain(self, raw: bytes) -> tuple[bytes, PlainAnswer]:
        """A whole answer as it is to be sent, and what was read from it. Raises MalformedAnswer."""
        answer = _PLAIN[self.dialect](raw)
        return (named_answer(raw, self.origin) if self.origin else raw), answer


CHAT = AnswerDialect()


class NamingForm(Struct, frozen=True):
    """Implements `StreamForm` over another one: thoughts get the name of their origin on the way."""

    inner: StreamForm
    origin: str

    @property
    def dialect(self) -> Dialect:
        """That of `inner`."""
        return self.inner.dialect

    def read(self, raw: bytes) -> StreamEvent:
        """What an event says, once its thoughts are named. Raises MalformedAnswer if it is not one."""
        return self.inner.read(named_event(raw, self.dialect, self.origin))

    def broken(self, message: str) -> bytes:
        """The error event of `inner`."""
        return self.inner.broken(message)
