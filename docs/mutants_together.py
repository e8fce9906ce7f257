"""All mutants of one crate in one build, told apart when the tests run.

cargo-mutants builds every mutant for itself, which takes far longer than its tests. Here every
function becomes a choice between what it was and its mutants:

    fn f(..) -> T { match crate::mutant_choice::chosen() { 17 => { .. } 18 => { .. } _ => { .. } } }

and the environment variable MUTANT says which it is. In constants the code is always what it was.
What does not build this way, or is missed this way, is for cargo-mutants itself: see mutants.py.
"""

import bisect
import json
import os
import re
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

MEMORY = 16 << 30
# A path, such as one into std, that leads nowhere.
UNRESOLVED = "E0433"
# Says, when it is built, that it is built.
PROBE = '{0} => {{ compile_error!("mutant {0}") }}\n'
CHOICE = """//! Which mutant runs.
#![allow(missing_docs)]
use crate::std_for_mutants as std;

pub(crate) const fn chosen() -> u32 {
    core::intrinsics::const_eval_select((), none, of_the_environment)
}

const fn none() -> u32 {
    0
}

fn of_the_environment() -> u32 {
    static CHOSEN: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *CHOSEN.get_or_init(|| std::env::var("MUTANT").map_or(0, |text| text.parse().unwrap_or(0)))
}
"""
HEAD = "#![feature(core_intrinsics, const_eval_select)]\n#![allow(internal_features)]\n"


class Source:
    """A file and the mutants in it."""

    def __init__(self, path: Path) -> None:
        self.path, self.text = path, path.read_text()
        self.starts = [0]
        for line in self.text.split("\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        # (begin, end) of a body without its braces -> [(number, name, begin, end, replacement)]
        self.bodies: dict[tuple[int, int], list] = {}
        # Whether a mutant stands in a `const fn`, and may be missed in a constant alone.
        self.constant: dict[str, bool] = {}
        # Whether its function returns an `impl Trait`: each arm of the choice has a type of its own.
        self.opaque: dict[str, bool] = {}

    def offset(self, place: dict) -> int:
        return self.starts[place["line"] - 1] + place["column"] - 1

    def add(self, number: int, mutant: dict) -> bool:
        """False if this mutant cannot be chosen when the tests run."""
        function = mutant["function"]
        if not function:
            return False
        begin, end = (self.offset(function["span"][side]) for side in ("start", "end"))
        brace = body_brace(self.text, begin, end)
        if brace is None or self.text[end - 1] != "}":
            return False
        self.opaque[mutant["name"]] = "impl " in function["return_type"]
        self.constant[mutant["name"]] = "const" in self.text[begin:brace].split()
        span = [self.offset(mutant["span"][side]) for side in ("start", "end")]
        if not brace < span[0] <= span[1] < end:
            return False
        if mutant["genre"] == "StructField" and self.text[span[1]] == ",":
            span[1] += 1
        self.bodies.setdefault((brace + 1, end - 1), []).append((number, mutant["name"], *span, mutant["replacement"]))
        return True

    def written(self, without: set[str], probe: bool = False) -> tuple[str, list[tuple[int, str]]]:
        """The file with its choices, and from which line on which mutant stands ("" for none of them)."""
        pieces: list[tuple[str, str]] = []
        self.write(0, len(self.text), sorted(self.bodies), without, pieces)
        if probe:
            pieces = [(PROBE.format(piece.split()[0]) if name else piece, name) for piece, name in pieces]
        text, marks, line = [], [(1, "")], 1
        for piece, name in pieces:
            marks.append((line, name))
            text.append(piece)
            line += piece.count("\n")
        return "".join(text), marks

    def write(self, begin: int, end: int, bodies: list, without: set[str], pieces: list) -> None:
        at = begin
        for body in bodies:
            if body[0] < at or body[1] > end:
                continue
            wanted = [mutant for mutant in self.bodies[body] if mutant[1] not in without]
            if not wanted:
                continue
            pieces.append((self.text[at : body[0]], ""))
            pieces.append(("match crate::mutant_choice::chosen() {\n", ""))
            for number, name, first, last, replacement in wanted:
                changed = self.text[body[0] : first] + replacement + self.text[last : body[1]]
                pieces.append((f"{number} => {{ {changed} }}\n", name))
            pieces.append(("_ => {", ""))
            self.write(body[0], body[1], [inner for inner in bodies if inner != body and inner[0] > body[0]], without, pieces)
            pieces.append(("}\n}", ""))
            at = body[1]
        pieces.append((self.text[at:end], ""))


def body_brace(text: str, begin: int, end: int) -> int | None:
    found = re.compile(r"\bfn\s+\w+").search(text, begin, end)
    depth = 0
    for at in range(found.end() if found else end, end):
        if text[at] in "([":
            depth += 1
        elif text[at] in ")]":
            depth -= 1
        elif text[at] == "{" and depth == 0:
            return at
    return None


class Together:
    """The tests of a crate with those of its mutants that can be chosen when the tests run."""

    def __init__(self, tree: Path, package: Path, crate: str, mutants: list[dict], arguments: list[str]) -> None:
        self.tree, self.package, self.crate, self.arguments = tree, package, crate, arguments
        self.root = (package / "src/lib.rs").read_text()
        self.sources: dict[str, Source] = {}
        self.numbers: dict[str, int] = {}
        for number, mutant in enumerate(mutants, 1):
            source = self.sources.setdefault(mutant["file"], Source(tree / mutant["file"]))
            if source.add(number, mutant):
                self.numbers[mutant["name"]] = number
        self.without: set[str] = set()
        # Of those the ones that could not be built alone either.
        self.unviable: set[str] = set()
        # In code that is not in this build.
        self.absent: set[str] = set()
        self.programs: list[tuple[str, Path]] = []

    def build(self) -> None:
        """Builds the tests; what does not build is left out."""
        (self.package / "src/mutant_choice.rs").write_text(CHOICE)
        root = self.package / "src/lib.rs"
        for attempt in range(30):
            marks = {}
            for path, source in self.sources.items():
                text, marks[path] = source.written(self.without, probe=not attempt)
                (self.tree / path).write_text(text)
            text = root.read_text().replace("#![forbid(unsafe_code)]", "")
            # Line numbers stay, for the marks.
            docs = re.match(r"(?://!.*\n)*", text).end()
            if "mod mutant_choice" not in text:
                text = text[:docs] + HEAD.replace("\n", " ") + text[docs:]
                root.write_text(text + "\nextern crate std as std_for_mutants;\nmod mutant_choice;\n")
            if not attempt:
                self.absent = set(self.numbers) - self.present()
                continue
            bad = self.compile(marks)
            if not bad:
                return
            print(f"{self.crate}: {len(bad)} mutants do not build together", flush=True)
            self.without |= bad
        sys.exit(f"the mutants of {self.crate} do not build together")

    def restore(self) -> None:
        """Puts the files back as they were."""
        for path, source in self.sources.items():
            (self.tree / path).write_text(source.text)
        (self.package / "src/lib.rs").write_text(self.root)
        (self.package / "src/mutant_choice.rs").unlink()

    def present(self) -> set[str]:
        """The names of the mutants that are built, by the errors of a build of probes."""
        names = {f"mutant {number}": name for name, number in self.numbers.items()}
        lines = (json.loads(line) for line in self.cargo().stdout.splitlines())
        messages = {line["message"]["message"] for line in lines if line["reason"] == "compiler-message"}
        return {name for message, name in names.items() if message in messages}

    def cargo(self) -> subprocess.CompletedProcess:
        command = ["cargo", "test", "--profile", "mutants", "--no-run", "--message-format", "json", "--quiet",
                   "--package", self.crate, *self.arguments]  # fmt: skip
        return subprocess.run(command, cwd=self.tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def compile(self, marks: dict) -> set[str]:
        """The names of the mutants that do not build."""
        out = self.cargo()
        bad, unknown = set(), []
        self.programs = []
        for line in out.stdout.splitlines():
            message = json.loads(line)
            if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message.get("executable"):
                self.programs.append((message["executable"], Path(message["manifest_path"]).parent))
            if message["reason"] == "compiler-message" and message["message"]["level"] == "error":
                spans = message["message"]["spans"]
                names = {self.at(marks, span) for span in spans if span["is_primary"]} - {""}
                # An error in the code of a mutant is its own: it builds nowhere. But for types that differ from
                # arm to arm, and would not if it stood alone.
                code = (message["message"]["code"] or {}).get("code")
                self.unviable |= {name for name in names if code == UNRESOLVED or not self.is_opaque(name)}
                # Of two that do not go together, one is the original.
                names = names or ({self.at(marks, span) for span in spans} - {""})
                bad |= names
                if not names and spans:
                    unknown.append(message["message"]["rendered"])
                    bad |= set().union(*(self.function_at(marks, span) for span in spans))
        if out.returncode and not bad:
            sys.exit("\n".join(unknown) or out.stderr)
        return bad

    def at(self, marks: dict, span: dict) -> str:
        while span.get("expansion"):
            span = span["expansion"]["span"]
        path = span["file_name"]
        if path not in marks:
            return ""
        place = bisect.bisect_right([line for line, _ in marks[path]], span["line_start"]) - 1
        return marks[path][place][1]

    def function_at(self, marks: dict, span: dict) -> set[str]:
        """All mutants of the function whose original does not build among them, or next to it."""
        path = span["file_name"]
        if path not in marks:
            return set()
        place = bisect.bisect_right([line for line, _ in marks[path]], span["line_start"]) - 1
        names = {name for _, name in marks[path][max(0, place - 8) : place + 8]} - {""}
        bodies = self.sources[path].bodies.values()
        return {mutant[1] for body in bodies if any(mutant[1] in names for mutant in body) for mutant in body}

    def is_constant(self, name: str) -> bool:
        return any(source.constant.get(name, False) for source in self.sources.values())

    def is_opaque(self, name: str) -> bool:
        return any(source.opaque.get(name, False) for source in self.sources.values())

    def can_try(self, name: str) -> bool:
        return name in self.numbers and name not in self.without

    def baseline(self, for_tests: list[str]) -> int:
        """Runs the tests without a mutant; the limit for one in seconds."""
        begin = time.monotonic()
        if self.run(0, 900, for_tests) != "missed":
            sys.exit(f"the tests of {self.crate} fail without a mutant")
        return max(20, int(10 * (time.monotonic() - begin)))

    def try_mutant(self, name: str, limit: int, for_tests: list[str]) -> str:
        return "missed" if name in self.absent else self.run(self.numbers[name], limit, for_tests)

    def run(self, number: int, limit: int, for_tests: list[str]) -> str:
        env = {**os.environ, "MUTANT": str(number), "PROPTEST_MAX_SHRINK_ITERS": "0", "RUST_BACKTRACE": "0",
               "RUST_MIN_STACK": str(64 << 20)}  # fmt: skip
        end = time.monotonic() + limit
        for program, folder in self.programs:
            process = subprocess.Popen([program, *for_tests], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")  # fmt: skip
            # A mutant that allocates without end must not take the machine with it.
            resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
            late = threading.Event()

            def stop(process=process, late=late):
                late.set()
                process.kill()

            timer = threading.Timer(max(1, end - time.monotonic()), stop)
            timer.start()
            failed = False
            for line in process.stdout:
                if line.startswith("test ") and line.rstrip().endswith("FAILED"):
                    # One is enough.
                    failed = True
                    process.kill()
                    break
            process.stdout.close()
            status = process.wait()
            timer.cancel()
            if failed:
                return "caught"
            if late.is_set():
                return "timeout"
            if status:
                return "caught"
        return "missed"
