"""One request of a browser, as pages see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import FormData
from starlette.requests import Request

from device.domain.errors import UketsukeError
from provisioning.web.people import Session
from provisioning.web.refusals import NotRightError
from provisioning.web.words import Words


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser."""

    request: Request
    now: datetime
    language: str
    words: Words
    session: Session | None
    form: FormData

    def say(self, key: str, **values: object) -> str:
        """Return a word in the browser's language."""
        return self.words.say(key, self.language, **values)

    def tell(self, error: UketsukeError) -> str:
        """Return what an error says: in the browser's language where it can, else in English."""
        return error.sentence.say(self.language) if isinstance(error, NotRightError) else str(error)

    def field(self, name: str) -> str:
        """Return what a field of the form says; empty when it is not there."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def who(self) -> str:
        """The account; only for pages behind the gate."""
        if self.session is None:
            raise LookupError("nobody is signed in")
        return self.session.account.name

    @property
    def in_parts(self) -> bool:
        """The page's script asks; it wants a part, not a page."""
        return self.request.headers.get("x-part") == "rows"
