#!/usr/bin/env python3
"""Draws what a command prints in a terminal as an SVG.

    COMMAND --color always | python3 docs/tools/terminal_svg.py 'COMMAND' >picture.svg

Reads text with ANSI colours from standard input; long lines are broken as a terminal breaks them.
"""

import re
import sys
from xml.sax.saxutils import escape

COLUMNS = 100
ADVANCE, LINE, MARGIN = 8.4, 19, 16
PLAIN, GROUND = "#d8dee9", "#1f2430"
COLOURS = {
    30: "#4c566a", 31: "#f28779", 32: "#a6cc70", 33: "#ffd173", 34: "#73d0ff", 35: "#d4bfff",
    36: "#95e6cb", 37: "#d8dee9", 90: "#8a91a0", 91: "#ff8f80", 92: "#bae67e", 93: "#ffe08a",
    94: "#8fdcff", 95: "#e0cfff", 96: "#b0f0dd", 97: "#ffffff",
}  # fmt: skip


def runs(text):
    """(style, text) pieces of a line with escape sequences; the style goes on over lines."""
    bold = dim = False
    colour = PLAIN
    for piece in re.split(r"(\x1b\[[0-9;]*m)", text):
        codes = re.fullmatch(r"\x1b\[([0-9;]*)m", piece)
        if not codes:
            if piece:
                yield (colour, bold, dim), piece
            continue
        for code in (int(code or 0) for code in codes[1].split(";")):
            if code == 0:
                bold, dim, colour = False, False, PLAIN
            elif code == 1:
                bold = True
            elif code == 2:
                dim = True
            elif code == 22:
                bold = dim = False
            elif code == 39:
                colour = PLAIN
            elif code in COLOURS:
                colour = COLOURS[code]


def rows(text):
    row, width = [], 0
    for style, piece in runs(text):
        for part in re.split(r"(\n)", piece):
            if part == "\n":
                yield row
                row, width = [], 0
                continue
            while part:
                taken, part = part[: COLUMNS - width], part[COLUMNS - width :]
                row.append((style, taken))
                width += len(taken)
                if width == COLUMNS and part:
                    yield row
                    row, width = [], 0
    if row:
        yield row


def main():
    prompt = [[((COLOURS[32], True, False), "$ "), ((PLAIN, True, False), sys.argv[1])]]
    lines = prompt + list(rows(sys.stdin.read()))
    width = round(COLUMNS * ADVANCE + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"')
    print(f'     viewBox="0 0 {width} {height}" role="img">')
    print(f"<title>{escape(sys.argv[1])}</title>")
    print(f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>')
    print(f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" fill="{PLAIN}" xml:space="preserve">')
    for number, row in enumerate(lines):
        y = MARGIN + number * LINE + 14
        column = 0
        for (colour, bold, dim), text in row:
            x = MARGIN + column * ADVANCE
            style = f' fill="{colour}"' if colour != PLAIN else ""
            style += ' font-weight="bold"' if bold else ""
            style += ' opacity="0.65"' if dim else ""
            length = f' textLength="{len(text) * ADVANCE:.1f}"'
            print(f'<text x="{x:.1f}" y="{y}"{length}{style}>{escape(text)}</text>')
            column += len(text)
    print("</g>\n</svg>")


if __name__ == "__main__":
    main()
