"""What every tally promises, asked of each that there is."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from device.domain.errors import Fault
from device.drivers.tally_file import TallyFile
from device.ports.tally import Tally
from device.sim.tally import MemoryTally

NextLife = Callable[[], Tally]

COUNTING = """
import sys
from pathlib import Path
from device.drivers.tally_file import TallyFile
tally = TallyFile(Path(sys.argv[1]))
for count in range(1, 1_000_000):
    tally.keep(count)
    print(count, flush=True)
"""


@pytest.fixture(params=["memory", "file"])
def next_life(request: pytest.FixtureRequest, tmp_path: Path) -> NextLife:
    if request.param == "file":
        return lambda: TallyFile(tmp_path / "tally")
    memory = MemoryTally()
    return lambda: memory


def test_before_anything_was_counted_it_says_none(next_life: NextLife) -> None:
    assert next_life().read() == 0


def test_what_was_kept_is_there_in_the_next_life(next_life: NextLife) -> None:
    tally = next_life()
    for count in (1, 2, 11, 0, 7):
        tally.keep(count)
        assert next_life().read() == count


def test_what_was_kept_outlives_a_kill_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "tally"
    with subprocess.Popen([sys.executable, "-c", COUNTING, str(path)], stdout=subprocess.PIPE, text=True) as counting:
        assert counting.stdout is not None
        for line in counting.stdout:
            if int(line) >= 50:
                break
        counting.send_signal(signal.SIGKILL)
        told = [int(line), *(int(more) for more in counting.stdout)][-1]
    kept = TallyFile(path).read()
    assert kept in {told, told + 1}, "killed after the file was there, and before that was told"


def test_the_file_is_its_owners_alone_and_holds_a_number_and_nothing_else(tmp_path: Path) -> None:
    TallyFile(tmp_path / "tally").keep(3)
    assert [file.name for file in tmp_path.iterdir()] == ["tally"]
    assert (tmp_path / "tally").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tally").read_bytes() == b"3\n"


@pytest.mark.parametrize("content", [b"", b"many\n", b"-1\n", b"\xff", b"9" * 400, "３".encode()])
def test_a_damaged_file_tells_no_number_and_is_mended_by_the_next(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tally").write_bytes(content)
    tally = TallyFile(tmp_path / "tally")
    assert tally.read() is None
    tally.keep(2)
    assert tally.read() == 2


def test_a_disk_that_refuses_is_a_fault_and_no_number(tmp_path: Path) -> None:
    (tmp_path / "tally").mkdir()  # root may write anywhere, but no file where a folder is
    tally = TallyFile(tmp_path / "tally")
    assert tally.read() is None
    with pytest.raises(Fault, match="tally"):
        tally.keep(1)
    broken = MemoryTally()
    broken.break_down()
    assert broken.read() is None
    with pytest.raises(Fault):
        broken.keep(1)
