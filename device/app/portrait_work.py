"""The card's portrait on its way to a template: begun as early as may be, waited for by the comparison."""

from __future__ import annotations

from collections.abc import Callable

from device.domain.reasons import Reason
from device.face.embed import Template

Made = Template | Reason
"""What came of the portrait: something to compare with, or what was wrong."""


class PortraitWork:
    """One reading of a card's portrait. Only the mailbox's thread touches it."""

    def __init__(self) -> None:
        self._made: Made | None = None
        self._waiting: Callable[[Made], None] | None = None
        self._forgotten = False

    @property
    def template(self) -> Template | None:
        """The template, once it is made."""
        return self._made if isinstance(self._made, Template) else None

    def when_made(self, then: Callable[[Made], None]) -> None:
        """Hand over what comes of the portrait: now, or as soon as it is there. Who waited before waits no longer."""
        if self._made is None:
            self._waiting = then
        else:
            then(self._made)

    def end(self, made: Made) -> None:
        """Take what came of it. After `forget` a template is wiped: it came too late for its visit."""
        if self._forgotten:
            if isinstance(made, Template):
                made.wipe()
            return
        self._made = made
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting(made)

    def forget(self) -> None:
        """Overwrite the template, also one that is still to come; nobody waits any longer."""
        self._forgotten = True
        self._waiting = None
        if self.template is not None:
            self.template.wipe()
        self._made = None
