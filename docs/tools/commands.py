#!/usr/bin/env python3
"""Runs the commands that READMEs and guides print, and holds what they print against the text.

    python3 docs/tools/commands.py            every command, every output, every link
    python3 docs/tools/commands.py --write    puts the real outputs into the texts
    python3 docs/tools/commands.py --links    links and quotations only, nothing is run

A name behind any of these (`docs/why-488.md`) leaves out all other texts.

In a fence marked `sh` every line is a command that must succeed. In one marked `console`, lines that
begin with `$ ` are commands and what follows must be what they print; a line or a part of a line that
is `…` stands for anything. Commands run in the root of the repository, those of doctor/README.md in
a folder with a capture, SDPs and configurations of the names used there. What is in a `text` fence
is a synopsis, or belongs to a step of ci.sh of its own. README.md's `sh` fences are the step `readme`.

Tables between `<!-- from FILE: SECTION -->` and `<!-- end -->` must be rows of that section.
Lines `| [`file`](link) | `name` … |` of ARCHITECTURE.md must name functions that are in that file.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARIES = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
TEXTS = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md")),
    *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/README.md")),
    *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/*/README.md")),
]
TEXTS = [text for text in TEXTS if "target/" not in text and "node_modules" not in text]

# What is on the desk of the engineer for whom doctor/README.md is written.
DESK = {
    "call.pcap": "test-vectors/captures/baresip-sdes-pcmu.pcap",
    "offer.sdp": "docs/why-488/offer.sdp",
    "answer.sdp": "docs/why-488/answer.sdp",
    "sip.cfg": "docs/why-488/sip-both-suites.cfg",
    "gateway.ios": "docs/why-488/gateway.ios",
}
SECONDS = 1800


class Wrong(Exception):
    pass


def run(command, folder):
    environment = {
        **os.environ,
        "PATH": f"{BINARIES}:{os.environ['PATH']}",
        "NO_COLOR": "1",
        "CARGO_TERM_QUIET": "true",
    }
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def joined(lines):
    """Commands with what follows a backslash or a pipe at the end of a line."""
    command = ""
    for line in lines:
        command += line
        if line.endswith("\\") or line.endswith("|"):
            command += "\n"
            continue
        if command.strip():
            yield command
        command = ""
    if command.strip():
        yield command


def fences(text):
    """(marker, line number of the first line inside, lines inside)"""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        opened = re.fullmatch(r"```(\S*)", lines[at])
        if opened:
            end = next((n for n in range(at + 1, len(lines)) if lines[n] == "```"), len(lines))
            yield opened[1], at + 1, lines[at + 1 : end]
            at = end
        at += 1


def like(printed, expected):
    """Whether lines are as expected, `…` standing for anything."""
    pattern = "\n".join(
        ".*" if line.strip() == "…" else ".*".join(map(re.escape, line.split("…")))
        for line in expected
    )
    return re.fullmatch(pattern, "\n".join(printed), re.DOTALL) is not None


def sessions(lines):
    """The (command, expected output) pairs of a console fence."""
    pairs = []
    rest = iter(lines)
    for line in rest:
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\") or command.endswith("|"):
                command += "\n" + next(rest, "")
            pairs.append((command, []))
        elif pairs:
            pairs[-1][1].append(line)
    return pairs


def check_fence(where, marker, lines, folder):
    """What the fence ought to be, for --write; raises Wrong if it does not hold."""
    if marker == "sh":
        for command in joined(lines):
            print(f"{where}: {command}", flush=True)
            done = run(command, folder)
            if done.returncode != 0:
                raise Wrong(f"{where}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return lines
    rewritten = []
    for command, expected in sessions(lines):
        print(f"{where}: $ {command}", flush=True)
        done = run(command, folder)
        printed = done.stdout.rstrip("\n").split("\n") if done.stdout else []
        rewritten += [f"$ {command}", *printed]
        if not like(printed, expected):
            yielded = "\n".join(printed)
            if not WRITE:
                raise Wrong(f"{where}: $ {command}\nprints\n{yielded}\n{done.stderr}")
            continue
        rewritten[len(rewritten) - len(printed) :] = expected
    return "\n".join(rewritten).split("\n") if rewritten else lines


def check_links(name, text):
    """What is wrong with the links, as sentences."""
    folder = (ROOT / name).parent
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", text, flags=re.S)):
        # Rustdoc's intra-doc links (`connect::connect`, `decide()`) are checked by rustdoc.
        if re.match(r"[a-z]+:", target) or "::" in target or not re.search(r"[./]", target):
            continue
        if not (folder / target).exists():
            yield f"{name}: there is no {target}"


QUOTED = re.compile(r"<!-- from (\S+): ([^>]+) -->\n(.*?)<!-- end -->", flags=re.S)


def quoted(match):
    """The quotation with its rows as they are in the section now, found by their first cell."""
    sections = re.split(r"^## ", (ROOT / match[1]).read_text(), flags=re.M)
    section = next((part for part in sections if part.startswith(match[2] + "\n")), "")
    cell = lambda row: row.split("|")[1].strip()
    now = {cell(row): row for row in section.split("\n") if row.startswith("|")}
    rows = [
        now.get(cell(row), f"| no row {cell(row)} |") if row.startswith("|") else row
        for row in match[3].split("\n")
    ]
    return f"<!-- from {match[1]}: {match[2]} -->\n" + "\n".join(rows) + "<!-- end -->"


def check_quotations(name, text):
    """What is said to stand elsewhere and does not, as sentences."""
    for match in QUOTED.finditer(text):
        if quoted(match) != match[0]:
            yield f"{name}: not as in {match[1]}, {match[2]}:\n{quoted(match)}"
    if name != "docs/ARCHITECTURE.md":
        return
    for link, names in re.findall(r"^\| \[`[^`]+`\]\(([^)]+)\) \| ([^|]*)\|", text, flags=re.M):
        code = ((ROOT / name).parent / link).read_text()
        for function in re.findall(r"`(?:\w+::)*(\w+)`", names):
            if not re.search(rf"\b(fn|struct|enum|trait|const|macro_rules!) {function}\b", code):
                yield f"{name}: {link} has no {function}"


def main():
    only_links = "--links" in sys.argv
    names = [name for name in sys.argv[1:] if not name.startswith("--")] or TEXTS
    wrong = []
    with tempfile.TemporaryDirectory() as desk:
        for name, source in DESK.items():
            if (ROOT / source).exists():
                shutil.copy(ROOT / source, Path(desk) / name)
        for name in names:
            text = (ROOT / name).read_text()
            if WRITE:
                text = QUOTED.sub(quoted, text)
                (ROOT / name).write_text(text)
            wrong += [*check_links(name, text), *check_quotations(name, text)]
            if only_links:
                continue
            folder = desk if name == "doctor/README.md" else ROOT
            lines = text.split("\n")
            for marker, at, inside in reversed(list(fences(text))):
                if marker not in ("sh", "console") or (name == "README.md" and marker == "sh"):
                    continue
                try:
                    lines[at : at + len(inside)] = check_fence(f"{name}:{at + 1}", marker, inside, folder)
                except (Wrong, subprocess.TimeoutExpired) as error:
                    wrong.append(str(error))
            if WRITE and "\n".join(lines) != text:
                (ROOT / name).write_text("\n".join(lines))
    for error in wrong:
        print(f"\nWRONG {error}", file=sys.stderr)
    print(f"{len(names)} texts, {len(wrong)} wrong")
    return 1 if wrong else 0


WRITE = "--write" in sys.argv
if __name__ == "__main__":
    sys.exit(main())
