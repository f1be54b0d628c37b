from datetime import date, datetime, time, timedelta

import pytest

from shared.converters.office.number_formats import CellValue, shown


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (None, "General", ""),
        ("文本", "@", "文本"),
        (True, "General", "TRUE"),
        (12, "General", "12"),
        (12.0, "General", "12"),
        (0.1 + 0.2, "General", "0.3"),
        (110101199003074514, "General", "110101199003074514"),
        (1234.5, "#,##0.00", "1,234.50"),
        (-1234.5, '"¥"#,##0.00', "-¥1,234.50"),
        (-3, "#,##0;(#,##0)", "(3)"),
        (0, '0;-0;"none"', "none"),
        (1234.5, "[$¥-804]#,##0.00", "¥1,234.50"),
        (0.125, "0.00%", "12.50%"),
        (0.125, "0%", "13%"),
        (42, "00000", "00042"),
        (1.5, "0.0#", "1.5"),
        (2_500_000, "0.0,,", "2.5"),
        (12345.678, "0.00E+00", "1.23E+4"),
        (5, '0"件"', "5件"),
        (0.5, "# ?/?", "0.5"),
        (float("inf"), "0.00", "inf"),
        (date(2024, 3, 5), "yyyy-mm-dd", "2024-03-05"),
        (datetime(2024, 3, 5), "mm-dd-yy", "2024-03-05"),  # noqa: DTZ001 - cells have no time zone
        (datetime(2024, 3, 5), 'yyyy"年"m"月"d"日"', "2024年3月5日"),  # noqa: DTZ001
        (datetime(2024, 3, 5, 14, 7, 9), "yyyy/m/d h:mm:ss", "2024/3/5 14:07:09"),  # noqa: DTZ001
        (datetime(2024, 3, 5, 14, 7), "d mmm yyyy h:mm AM/PM", "5 Mar 2024 2:07 PM"),  # noqa: DTZ001
        (datetime(2024, 3, 5), "[$-804]aaaa", "星期二"),  # noqa: DTZ001
        (time(9, 5), "h:mm", "9:05"),
        (timedelta(hours=30, minutes=5), "[h]:mm:ss", "30:05:00"),
    ],
)
def test_a_cell_shows_its_value_as_it_is_formatted(value: CellValue, number_format: str, expected: str) -> None:
    assert shown(value, number_format) == expected
