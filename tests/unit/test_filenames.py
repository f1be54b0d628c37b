import pytest

from shared.filenames import FALLBACK, MAX_CHARACTERS, clean_filename


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("产品需求 v1.0.pdf", "产品需求 v1.0.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("/absolute/report.pdf", "report.pdf"),
        ("mixed\\way/report.pdf", "report.pdf"),
        ("report\x00.pdf", "report.pdf"),
        ("re\r\nport\t.pdf", "report.pdf"),
        ("evil\u202efdp.exe", "evilfdp.exe"),
        ("\u200freport\u2066.pdf", "report.pdf"),
        ("line\u2028break.pdf", "linebreak.pdf"),
        ("half\ud800.pdf", "half.pdf"),
        ("  report.pdf  ", "report.pdf"),
        (".hidden", "hidden"),
        ("report.pdf .", "report.pdf"),
    ],
)
def test_a_name_is_made_harmless(sent: str, kept: str) -> None:
    assert clean_filename(sent) == kept


@pytest.mark.parametrize("sent", ["", ".", "..", "/", "a/", "\x00", "\u202e", " . ", "folder/.."])
def test_a_name_of_which_nothing_is_left_gets_another(sent: str) -> None:
    assert clean_filename(sent) == FALLBACK


def test_a_long_name_keeps_its_ending() -> None:
    kept = clean_filename("长" * 4000 + ".pdf")
    assert len(kept) == MAX_CHARACTERS
    assert kept.endswith("长.pdf")


def test_a_long_name_without_an_ending_is_cut() -> None:
    assert clean_filename("x" * 4000) == "x" * MAX_CHARACTERS


def test_a_long_ending_is_no_ending() -> None:
    assert len(clean_filename("a." + "x" * 4000)) == MAX_CHARACTERS


def test_cleaning_twice_changes_nothing_more() -> None:
    for name in ("a/b/../c.pdf", " .x. ", "y" * 300 + ".docx", "\u202e..\u202e"):
        once = clean_filename(name)
        assert clean_filename(once) == once
