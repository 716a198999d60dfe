"""What is wrong at the clinic side right now: one row for each source and kind of trouble, in memory.

Not on disk: a full disk is one of the things that a row must be able to say.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from clinic.changes import Changes, Subject
from device.wire.texts import Text

MAX_ROWS = 200

SERVICE = "national service"
"""The source of troubles with it."""


class Trouble(StrEnum):
    """Kinds of trouble. The words are in `WORDS`."""

    REFUSED = "refused"
    FAULT = "fault"
    RETAINED = "retained"
    INTERNAL = "internal"
    UNSENT = "unsent"
    LINE_DOWN = "line_down"
    NOT_GRANTED = "not_granted"
    TAKEN_OVER = "taken_over"
    DISK = "disk"
    FOLDER = "folder"
    SERVICE_DOWN = "service_down"
    CLOCK = "clock"
    COUNTED_AGAIN = "counted_again"
    RESULT_MISSING = "result_missing"
    UNOPENED = "unopened"
    TERMINAL_ANSWER = "terminal_answer"
    FOLLOWER = "follower"


WORDS = {
    Trouble.REFUSED: Text(ja="受け取れない通信を断りました", en="A message was refused"),
    Trouble.FAULT: Text(ja="通信に答えられませんでした", en="A message could not be answered"),
    Trouble.RETAINED: Text(ja="古い通信を断りました", en="An old message was refused"),
    Trouble.INTERNAL: Text(ja="プログラムの不具合です", en="An internal fault"),
    Trouble.UNSENT: Text(ja="回線が切れて答えを送れませんでした", en="The line was lost before an answer could go out"),
    Trouble.LINE_DOWN: Text(
        ja="院内の回線(ブローカー)につながりません", en="The line inside the clinic (broker) is down"
    ),
    Trouble.NOT_GRANTED: Text(
        ja="ブローカーの許可が足りません", en="The broker's access list does not let this service in"
    ),
    Trouble.TAKEN_OVER: Text(ja="同じ名前のサービスが二つ動いています", en="Two services are running under one name"),
    Trouble.DISK: Text(ja="記録を保存できません(容量を確認)", en="Records cannot be stored (is the disk full?)"),
    Trouble.FOLDER: Text(
        ja="レセコンの連携フォルダーに書けません", en="The receipt computer's folder cannot be written"
    ),
    Trouble.SERVICE_DOWN: Text(ja="オンライン資格確認につながりません", en="The national service cannot be reached"),
    Trouble.CLOCK: Text(ja="端末の時計が合っていません", en="The unit's clock is wrong"),
    Trouble.COUNTED_AGAIN: Text(
        ja="端末の番号が最初に戻りました(初期化または複製)",
        en="The unit counts from the start again (reset, or copied)",
    ),
    Trouble.RESULT_MISSING: Text(
        ja="端末からまだ届かない結果があります", en="Results of the unit have not arrived yet"
    ),
    Trouble.UNOPENED: Text(
        ja="開けない資格情報があります(鍵を確認)", en="A qualification cannot be opened (check the keys)"
    ),
    Trouble.TERMINAL_ANSWER: Text(
        ja="資格確認端末の応答ファイルが読めません", en="The terminal's answer file cannot be used"
    ),
    Trouble.FOLLOWER: Text(
        ja="受付の結果を次のシステムに渡せません", en="Results cannot be handed on to the next system"
    ),
}


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One trouble of one source, since when, how often."""

    source: str
    """A unit, a service, a folder, `store`, `national service`. Never a person."""
    trouble: Trouble
    detail: str
    """For the technician: the last thing that was said; nothing personal."""
    since: datetime
    last: datetime
    count: int

    @property
    def words(self) -> Text:
        """What it is, in both languages."""
        return WORDS[self.trouble]


class Health:
    """All rows. For several threads at a time."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._rows: dict[tuple[str, Trouble], HealthRow] = {}
        self._lock = threading.Lock()

    def note(self, source: str, trouble: Trouble, detail: str, now: datetime) -> None:
        """Say that it happened (again). With more than `MAX_ROWS` the one that was quiet longest goes."""
        key = (source, trouble)
        with self._lock:
            row = self._rows.get(key)
            if row is None:
                if len(self._rows) >= MAX_ROWS:
                    del self._rows[min(self._rows, key=lambda known: self._rows[known].last)]
                self._rows[key] = HealthRow(source, trouble, detail, now, now, 1)
            else:
                self._rows[key] = replace(row, detail=detail, last=now, count=row.count + 1)
        self._changes.tell(Subject.HEALTH, source)

    def clear(self, source: str, *troubles: Trouble) -> None:
        """Say that these are over."""
        with self._lock:
            gone = [self._rows.pop((source, trouble), None) for trouble in troubles]
        if any(gone):
            self._changes.tell(Subject.HEALTH, source)

    def rows(self) -> list[HealthRow]:
        """Return every row, the latest first."""
        with self._lock:
            return sorted(self._rows.values(), key=lambda row: row.last, reverse=True)
