"""Which network documents tell of."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto.model.errors import InvalidValue
from impasto.model.network.checkpoint import Checkpoint
from impasto.scripts.studies.figures import Arguments, Figures, main
from tests.pictures import encoded, photo

FORMER, OTHER = "0123456789abcdef", "fedcba9876543210"
DOCUMENT = """# Styles

<!-- figures: one, network `0123456789abcdef` -->
| a | b |
<!-- end of figures -->

between

<!-- figures: other-one, network `0123456789abcdef` -->
| c |
<!-- end of figures -->
"""


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "images").mkdir(parents=True)
    (folder / "styles.md").write_text(DOCUMENT)
    (folder / "images" / "one.png").write_bytes(encoded(photo()))
    (tmp_path / "README.md").write_text("Nothing of any network.\n")
    return folder


def test_figures_are_put_where_those_of_their_name_stand_and_nothing_else_changes(documents: Path) -> None:
    changed = Figures(documents).put("one", OTHER, "\n| new |\n\nmore\n\n")
    assert changed == [documents / "styles.md"]
    expected = DOCUMENT.replace(
        "one, network `0123456789abcdef` -->\n| a | b |", f"one, network `{OTHER}` -->\n| new |\n\nmore", 1
    )
    assert (documents / "styles.md").read_text() == expected
    assert Figures(documents).put("unknown", OTHER, "nowhere") == []


def test_documents_and_pictures_of_another_network_are_named(documents: Path) -> None:
    figures = Figures(documents)
    figures.note(documents / "images" / "one.png", FORMER)
    assert [*Figures(documents).faults(FORMER)] == []
    assert [*figures.faults(OTHER)] == [
        f"docs/styles.md:3: of network {FORMER}, not of {OTHER}, which is shipped",
        f"docs/styles.md:9: of network {FORMER}, not of {OTHER}, which is shipped",
        f"docs/images/one.png: by network {FORMER}, not by {OTHER}, which is shipped",
    ]


def test_a_picture_that_changed_is_to_be_noted_again(documents: Path) -> None:
    picture = documents / "images" / "one.png"
    Figures(documents).note(picture, FORMER)
    picture.write_bytes(encoded(photo(1)))
    (fault,) = Figures(documents).faults(FORMER)
    assert fault.startswith("docs/images/one.png: not the picture that was noted")
    Figures(documents).note(picture, None)
    assert [*Figures(documents).faults(OTHER)][2:] == []  # it is no network's
    Figures(documents).note(picture, FORMER)
    assert [*Figures(documents).faults(FORMER)] == []
    (documents / "images" / "new.jpg").write_bytes(b"another")
    assert [*Figures(documents).faults(FORMER)] == ["docs/images/new.jpg: nobody has noted by which network, if any"]
    with pytest.raises(InvalidValue, match=r"README.md is not in .*docs/images"):
        Figures(documents).note(documents.parent / "README.md", FORMER)


def test_the_exit_status_tells_whether_all_is_of_the_shipped_network(
    documents: Path, tiny_checkpoint_file: Path, tiny_checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = documents / "images" / "one.png"
    asked = Arguments((picture,), documents=documents, checkpoint=tiny_checkpoint_file)
    assert main(asked) == 1
    assert capsys.readouterr().err.startswith(f"docs/styles.md:3: of network {FORMER}")
    (documents / "styles.md").write_text(DOCUMENT.replace(FORMER, tiny_checkpoint.network_id))
    assert main(asked) == 0
