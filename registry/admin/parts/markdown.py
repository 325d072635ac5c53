"""Markdown as HTML, for model cards: headings, paragraphs, lists, tables, code, bold, links. Nothing else.

A card comes with a bundle, and a bundle may come from anywhere. So every piece of text is escaped before a tag is put
around it, HTML in the source stays text, links lead to http and https only, and pictures are not loaded. Single stars
and underscores are left alone: here they are chain ends and parts of names, not emphasis.
"""

import re
from collections.abc import Callable, Iterator

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

LONGEST = 50_000  # characters of a card that are shown
_INLINE = re.compile(
    r"`([^`\n]+)`"  # code
    r"|\*\*([^*\n]+)\*\*"  # bold
    r"|\[([^\[\]\n]+)\]\((https?://[^\s()<>]+)\)"  # link
)
_HEADING = re.compile(r"(#{1,6}) +(.*)")
_ITEM = re.compile(r"\s{0,6}(?:[-*+]|(\d{1,4})[.)]) +(.*)")
_FENCES = ("```", "~~~")

Lines = list[str]


def render(text: str, top: int = 3) -> SafeString:
    """top: the level that a heading with one # gets, so that the page's own headings stay above it."""
    lines = text[:LONGEST].splitlines()
    return format_html_join("\n", "{}", ((block,) for block in _blocks(lines, top)))


def inline(text: str) -> SafeString:
    """Code, bold and links within a line."""
    parts, at = [], 0
    for found in _INLINE.finditer(text):
        parts.append(conditional_escape(text[at : found.start()]))
        parts.append(_span(found))
        at = found.end()
    parts.append(conditional_escape(text[at:]))
    return format_html_join("", "{}", ((part,) for part in parts))


def _span(found: re.Match[str]) -> SafeString:
    code, bold, label, address = found.groups()
    if code is not None:
        return format_html("<code>{}</code>", code)
    if bold is not None:
        return format_html("<strong>{}</strong>", bold)
    return format_html('<a class="sv-link" href="{}" rel="noopener noreferrer nofollow">{}</a>', address, label)


def _blocks(lines: Lines, top: int) -> Iterator[SafeString]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif fence := _fence(line):
            body, at = _until(lines, at + 1, lambda other, mark=fence: other.strip() == mark)
            at += 1
            yield format_html("<pre><code>{}</code></pre>", "\n".join(body))
        elif heading := _HEADING.match(line):
            at += 1
            yield _tag(f"h{min(6, top + len(heading[1]) - 1)}", inline(heading[2].rstrip("# ")))
        elif _table_starts(lines, at):
            rows, at = _until(lines, at, lambda other: "|" not in other)
            yield _table(rows)
        elif first := _ITEM.fullmatch(line):
            items, at = _until(lines, at, lambda other: not other.strip())
            yield _list(items, ordered=first[1] is not None)
        else:
            body, at = _until(lines, at, lambda other: not other.strip() or bool(_fence(other)))
            yield _tag("p", inline(" ".join(part.strip() for part in body)))


def _fence(line: str) -> str:
    """The mark that opens a block of code, or nothing. No pattern: one with repeats takes long on a hostile line."""
    return next((mark for mark in _FENCES if line.lstrip().startswith(mark)), "")


def _until(lines: Lines, at: int, ends: Callable[[str], bool]) -> tuple[Lines, int]:
    """Lines from `at` up to the first that ends the block, and its number."""
    end = next((place for place in range(at, len(lines)) if ends(lines[place])), len(lines))
    return lines[at:end], end


def _tag(name: str, content: SafeString) -> SafeString:
    return format_html("<{}>{}</{}>", SafeString(name), content, SafeString(name))


def _list(lines: Lines, ordered: bool) -> SafeString:
    """One level; a line without a mark goes on with the item above."""
    items: Lines = []
    for line in lines:
        if found := _ITEM.fullmatch(line):
            items.append(found[2])
        else:
            items[-1] += f" {line.strip()}"
    return _tag("ol" if ordered else "ul", format_html_join("", "<li>{}</li>", ((inline(one),) for one in items)))


def _table_starts(lines: Lines, at: int) -> bool:
    rule = lines[at + 1].strip() if "|" in lines[at] and at + 1 < len(lines) else ""
    return "|" in rule and "--" in rule and not rule.strip("|:- ")


def _table(lines: Lines) -> SafeString:
    head, *rows = ([cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines)
    titles = format_html_join("", "<th scope='col'>{}</th>", ((inline(cell),) for cell in head))
    body = format_html_join("", "<tr>{}</tr>", ((_cells(row),) for row in rows[1:]))  # the first is the rule of dashes
    return format_html(
        '<div class="sv-scroll"><table class="sv-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
        titles, body,
    )  # fmt: skip


def _cells(row: Lines) -> SafeString:
    return format_html_join("", "<td>{}</td>", ((inline(cell),) for cell in row))
