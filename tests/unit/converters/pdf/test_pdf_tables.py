"""Tables as pages draw them: rules, bands, merged headers, page breaks."""

from collections.abc import Callable, Sequence
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from shared.converters.base import BlockKind, ConversionLimits
from shared.converters.pdf.converter import PdfiumConverter

Draw = Callable[[Canvas], None]
COLUMNS = (80.0, 220.0, 360.0)
ROWS = (("pump", "north", "12"), ("valve", "south", "7"), ("filter", "east", "31"), ("gauge", "west", "4"))
HEADER = ("Part", "Place", "Number")


def tables_of(path: Path, pages: Sequence[Draw]) -> list[list[list[str]]]:
    """The cells of the tables in a file with these pages."""
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    document = PdfiumConverter().convert(
        path, path.parent / "out", limits=ConversionLimits(), should_stop=lambda: False
    )
    return [
        [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in block.markdown.splitlines()
            if "---" not in line
        ]
        for block in document.blocks
        if block.kind is BlockKind.TABLE
    ]


def write_row(canvas: Canvas, y: float, cells: Sequence[str], *, bold: bool = False) -> None:
    canvas.setFont("Helvetica-Bold" if bold else "Helvetica", 10)
    for x, cell in zip(COLUMNS, cells, strict=False):
        canvas.drawString(x, y, cell)


def grid(canvas: Canvas, xs: Sequence[float], ys: Sequence[float], *, hanging: float = 0.0) -> None:
    """Draw the lines of a table; the vertical ones hang down below its last row."""
    for y in ys:
        canvas.line(xs[0], y, xs[-1], y)
    for x in xs:
        canvas.line(x, max(ys), x, min(ys) - hanging)


def test_a_header_above_the_first_rule_belongs_to_the_table(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for n, row in enumerate((HEADER, *ROWS)):
            write_row(canvas, 700 - 20 * n, row, bold=n == 0)
            canvas.line(75, 694 - 20 * n, 450, 694 - 20 * n)

    assert tables_of(tmp_path / "a.pdf", [draw]) == [[list(HEADER), *map(list, ROWS)]]


def test_uncoloured_rows_above_and_below_coloured_bands_belong_to_the_table(tmp_path: Path) -> None:
    rows = (HEADER, *ROWS)

    def draw(canvas: Canvas) -> None:
        for n, row in enumerate(rows):
            if n % 2:
                canvas.setFillGray(0.9)
                for left, right in ((75, 215), (215, 355), (355, 450)):
                    canvas.rect(left, 694 - 20 * n, right - left, 20, stroke=0, fill=1)
                canvas.setFillGray(0)
            write_row(canvas, 700 - 20 * n, row, bold=n == 0)

    assert tables_of(tmp_path / "a.pdf", [draw]) == [[list(row) for row in rows]]


def test_a_header_over_several_columns_is_repeated_in_each(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.line(75, 714, 450, 714)
        write_row(canvas, 700, ("Place",))
        canvas.drawCentredString(305, 700, "Cubic metres of water in both of the years")
        write_row(canvas, 682, ("", "2023", "2024"))
        canvas.line(75, 676, 450, 676)
        for n, row in enumerate((("north", "1.5", "2.5"), ("south", "3.5", "4.5"), ("east", "5.5", "6.5"))):
            write_row(canvas, 664 - 18 * n, row)
        canvas.line(75, 620, 450, 620)

    over = "Cubic metres of water in both of the years"
    assert tables_of(tmp_path / "a.pdf", [draw]) == [
        [
            ["Place", over, over],
            ["", "2023", "2024"],
            ["north", "1.5", "2.5"],
            ["south", "3.5", "4.5"],
            ["east", "5.5", "6.5"],
        ]
    ]


def test_a_row_that_a_page_break_divides_is_one_row(tmp_path: Path) -> None:
    xs = (75.0, 215.0, 355.0, 450.0)

    def first(canvas: Canvas) -> None:
        write_row(canvas, 100, HEADER)
        write_row(canvas, 80, ROWS[0])
        write_row(canvas, 60, ("valve", "a place in", "7"))
        grid(canvas, xs, (114, 94, 74), hanging=20)

    def second(canvas: Canvas) -> None:
        write_row(canvas, 780, HEADER)
        write_row(canvas, 760, ("", "the south", ""))
        write_row(canvas, 740, ROWS[2])
        grid(canvas, xs, (794, 774, 754, 734))

    assert tables_of(tmp_path / "a.pdf", [first, second]) == [
        [list(HEADER), list(ROWS[0]), ["valve", "a place in the south", "7"], list(ROWS[2])]
    ]


def test_a_further_page_with_fewer_lines_keeps_the_columns_of_the_table(tmp_path: Path) -> None:
    def first(canvas: Canvas) -> None:
        write_row(canvas, 80, HEADER)
        write_row(canvas, 60, ROWS[0])
        grid(canvas, (75, 215, 355, 450), (94, 74, 54))

    def second(canvas: Canvas) -> None:
        for y, text in ((780, "checked in May"), (760, "checked in June")):
            write_row(canvas, y, ("valve", text))
        grid(canvas, (75, 215, 450), (794, 774, 754))

    assert tables_of(tmp_path / "a.pdf", [first, second]) == [
        [
            list(HEADER),
            list(ROWS[0]),
            ["valve", "checked in May", "checked in May"],
            ["valve", "checked in June", "checked in June"],
        ]
    ]


def test_a_table_goes_on_in_the_next_column(tmp_path: Path) -> None:
    prose = "a line of text that fills its half of the page"

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for n in range(30):
            canvas.drawString(60, 780 - 13 * n, f"{prose} {n}")
            canvas.drawString(320, 520 - 13 * n, f"{prose} {n + 40}")
        for left, top, rows in (
            (60, 130, (HEADER[:2], ROWS[0][:2])),
            (320, 780, (HEADER[:2], ROWS[1][:2], ROWS[2][:2])),
        ):
            for n, row in enumerate(rows):
                for x, cell in zip((left + 5, left + 105), row, strict=True):
                    canvas.drawString(x, top - 14 - 20 * n, cell)
            ys = [top - 20 * n for n in range(len(rows) + 1)]
            grid(canvas, (left, left + 100, left + 200), ys)

    assert tables_of(tmp_path / "a.pdf", [draw]) == [
        [list(HEADER[:2]), list(ROWS[0][:2]), list(ROWS[1][:2]), list(ROWS[2][:2])]
    ]


def test_the_text_of_a_merged_cell_stands_in_all_of_its_fields(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        write_row(canvas, 700, HEADER)
        canvas.drawString(82, 680, "x")  # far from the line between the columns that its cell covers
        canvas.drawString(365, 680, "9")
        write_row(canvas, 660, ROWS[0])
        grid(canvas, (75, 450), (714, 694, 674, 654))
        for x, spans in ((215, ((714, 694), (674, 654))), (355, ((714, 654),))):
            for top, bottom in spans:
                canvas.line(x, top, x, bottom)

    assert tables_of(tmp_path / "a.pdf", [draw]) == [[list(HEADER), ["x", "x", "9"], list(ROWS[0])]]


def test_a_figure_in_the_last_row_of_a_page_is_no_page_number(tmp_path: Path) -> None:
    def page(rows: Sequence[Sequence[str]], top: float) -> Draw:
        def draw(canvas: Canvas) -> None:
            for n, row in enumerate(rows):
                write_row(canvas, top - 20 * n, row)
                canvas.line(75, top + 14 - 20 * n, 450, top + 14 - 20 * n)
            canvas.line(75, top + 14 - 20 * len(rows), 450, top + 14 - 20 * len(rows))

        return draw

    rows = [(f"part {n}", "12", f"place {n}") for n in range(5)]
    tables = tables_of(tmp_path / "a.pdf", [page([HEADER, *rows], 140.0)])
    assert tables == [[list(HEADER), *map(list, rows)]]


def test_rows_of_figures_at_the_edges_of_pages_are_kept(tmp_path: Path) -> None:
    def page(number: int) -> Draw:
        def draw(canvas: Canvas) -> None:
            for n, y in enumerate((800, 780, 760, 60, 40)):
                write_row(canvas, y, (f"month {number}{n}", str(n + 1), str(number + 2)))

        return draw

    tables = tables_of(tmp_path / "a.pdf", [page(1), page(2), page(3)])
    rows = [row for table in tables for row in table]
    assert [row for row in rows if row[0] == "month 10"] == [["month 10", "1", "3"]]
    assert all(cell for row in rows for cell in row)


def test_leader_dots_in_a_cell_are_dropped(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for n, row in enumerate((HEADER, ("pump ..........", "north ......", "12"), ROWS[1])):
            write_row(canvas, 700 - 20 * n, row)
        grid(canvas, (75, 215, 355, 450), (714, 694, 674, 654))

    assert tables_of(tmp_path / "a.pdf", [draw]) == [[list(HEADER), list(ROWS[0]), list(ROWS[1])]]


def test_text_beside_short_labels_is_no_table(tmp_path: Path) -> None:
    line = "the text of a paragraph that fills its column and goes on in the line below it"

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for n in range(8):
            canvas.drawString(120, 700 - 13 * n, line)
            if n in (1, 2, 5):
                canvas.drawString(60, 700 - 13 * n, "note")

    assert tables_of(tmp_path / "a.pdf", [draw]) == []
