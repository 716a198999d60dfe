"""What cannot be, said in both languages: on a page in its reader's, on the command line and in logs in English."""

from __future__ import annotations

from typing import Final

from device.domain.errors import BadConfig
from device.wire.texts import Sentence, Text

NAME_TAKEN: Final = Text(ja="この利用者名はもう使われています。", en="there is an account of this name")
LAST_ADMIN: Final = Text(
    ja="最後の管理者なので外せません。誰も入れなくなります。",
    en="is the last administrator, so nobody could let anybody in again",
)


class NotRightError(BadConfig):
    """Something that a person typed or asked for cannot be."""

    def __init__(self, text: Text, *, where: str, **values: object) -> None:
        self.sentence = Sentence(text, values)
        super().__init__(str(self.sentence), where=where)
