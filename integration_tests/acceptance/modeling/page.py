"""The code blocks of a page, and the scripts that it names."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENTS = Path(__file__).parents[3] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of that language, in the order of the page."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", (DOCUMENTS / page).read_text())


def scripts(page: str) -> dict[str, str]:
    """The Python scripts of a page by the file name that the text before them ends with."""
    found = re.findall(r"(?ms)`(\w+\.py)`[^`]*:\n\n```python\n(.*?)^```$", (DOCUMENTS / page).read_text())
    if len(found) != len(blocks(page, "python")):
        raise AssertionError(f"{page} has a Python script without a file name before it")
    return dict(found)
