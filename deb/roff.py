"""Words to roff, the language of man pages."""

from __future__ import annotations

import re


def escaped(text: str) -> str:
    """Return text that roff prints as it is; `words in backticks` come out bold."""
    text = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    )
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fP", text)
    # A line that begins with a full stop would be a command.
    return re.sub(r"^([.])", r"\\&\1", text, flags=re.MULTILINE)


def bold(text: str) -> str:
    """Return text in bold."""
    return f"\\fB{escaped(text)}\\fP"


def italic(text: str) -> str:
    """Return what stands for something else."""
    return f"\\fI{escaped(text)}\\fP"


def title(name: str, section: int, date: str, source: str) -> str:
    """Return a page's first line."""
    return f'.TH "{name.upper()}" "{section}" "{date}" "{source}" "Uketsuke"\n'


def heading(words: str) -> str:
    """Return a section's heading."""
    return f".SH {words.upper()}\n"


def subheading(words: str) -> str:
    """Return a part's heading."""
    return f".SS {words}\n"


def paragraphs(text: str) -> str:
    """Return running text; empty lines part its paragraphs."""
    parts = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]
    return "".join(f".PP\n{escaped(part)}\n" for part in parts if part)


def item(tag: str, text: str) -> str:
    """Return one entry of a list: the tag, already in roff, and what it means."""
    return f".TP\n{tag}\n{escaped(' '.join(text.split())) or chr(92) + '&'}\n"
