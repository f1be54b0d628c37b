"""The numbers that headings begin with."""

import re

NUMBERED = re.compile(
    r"^(?:\d{1,2}(?:\.\d{1,2}){0,4}\.?\s*[^\s\d.,%)）]|第\s*[一二三四五六七八九十百\d]+\s*[章节節篇部]"
    r"|[一二三四五六七八九十]{1,3}、|(?:Chapter|Appendix|Section|Part)\s+\w+|[A-Z]\.\d)",
    re.IGNORECASE,
)
"""Matches a heading with a number, in either language."""

_DECIMAL = re.compile(r"^\d{1,2}((?:\.\d{1,2}){0,4})\.?\s*[^\s\d.,%)）]")


def numbering_depth(text: str) -> int:
    """Return 1 for "2 Methods", 2 for "2.1 Data" and so on; 0 for a heading without a decimal number."""
    match = _DECIMAL.match(text)
    return match[1].count(".") + 1 if match else 0
