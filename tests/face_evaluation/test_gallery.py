from __future__ import annotations

from pathlib import Path

import pytest

from device.app.face_evaluation.gallery import read_gallery
from device.domain.errors import BadConfig

PAIRS = "1\t1\nBarack\t1\t2\nBarack\t1\tJoe\t1\n"


def test_without_a_list_every_two_photos_of_one_person_are_a_pair(photos: Path) -> None:
    gallery = read_gallery(photos)

    assert gallery.people == ("Barack", "Eileen", "Joe")
    assert [gallery.shots[place].path.name for place in gallery.same[0]] == ["Barack_0001.jpg", "Barack_0002.jpg"]
    assert len(gallery.same) == 1
    assert not gallery.folds


def test_the_benchmarks_list_is_read_fold_by_fold(photos: Path) -> None:
    (photos / "pairs.txt").write_text(PAIRS)
    gallery = read_gallery(photos)

    (fold,) = gallery.folds
    assert [gallery.shots[place].person for place in fold.different[0]] == ["Barack", "Joe"]
    assert gallery.same == fold.same


def test_labels_say_who_belongs_to_which_group(photos: Path) -> None:
    (photos / "labels.csv").write_text("person,sex,age\nBarack,m,50\nEileen,f,40\n")

    assert read_gallery(photos).labels == {
        "sex": {"Barack": "m", "Eileen": "f"},
        "age": {"Barack": "50", "Eileen": "40"},
    }


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("pairs.txt", "", "pairs.txt: line 1"),
        ("pairs.txt", "many\n", "pairs.txt: line 1"),
        ("pairs.txt", "1\t1\nBarack\t1\n", "pairs.txt: line 2: a pair is"),
        ("pairs.txt", "1\t1\nBarack\t1\t7\n", "pairs.txt: line 2: there is no photo Barack_0007"),
        ("pairs.txt", "2\t1\nBarack\t1\t2\nBarack\t1\tJoe\t1\n", "4 pairs are promised, 2 are there"),
        ("labels.csv", "name,sex\n", "labels.csv: line 1"),
        ("labels.csv", "person,sex\nBarack\n", "labels.csv: line 2: 2 values are due, 1"),
        ("labels.csv", "person,sex\nNobody,f\n", "labels.csv: line 2: nobody is called 'Nobody'"),
    ],
)
def test_a_broken_list_is_refused_with_its_line(photos: Path, name: str, text: str, where: str) -> None:
    (photos / name).write_text(text)

    with pytest.raises(BadConfig) as refused:
        read_gallery(photos)
    assert where in str(refused.value)


def test_a_folder_that_cannot_show_anything_is_refused(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(BadConfig, match="no such folder"):
        read_gallery(tmp_path / "nowhere")
    with pytest.raises(BadConfig, match="two people or more"):
        read_gallery(photos / "Joe")
    (photos / "Barack" / "Barack_0002.jpg").unlink()
    with pytest.raises(BadConfig, match="nobody has two photos"):
        read_gallery(photos)
