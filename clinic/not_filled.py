"""A form that cannot be taken as it was filled in."""

from __future__ import annotations

from device.domain.errors import MessageError
from device.domain.reasons import Reason


class NotFilledError(MessageError):
    """`field` is what has to be looked at again; what was typed there is never quoted."""

    def __init__(self, field: str) -> None:
        super().__init__(f"not filled in properly: {field}", reason=Reason.SERVICE_REFUSED)
        self.field = field
