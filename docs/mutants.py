"""Mutation testing: every small change of the code that cargo-mutants knows has to fail a test.

    python3 docs/mutants.py run STATE TREE CRATE ARGUMENT...
    python3 docs/mutants.py table STATE
    python3 docs/mutants.py check STATE

`run` tries the mutants of one crate in TREE, a copy of the repository that is changed in place, and
notes every outcome in STATE/CRATE.json. ARGUMENTs go to `cargo test`; those behind `--` are for the
tests and leave out the slow ones; those behind a second `--`, and so on, are for the mutants that were
missed until then. Most mutants are built together (mutants_together.py); the others, and those of a
`const fn` that are missed this way, are for cargo-mutants. What is on record is not tried again: a
caught mutant, or a missed one with a reason, as long as the code of its file is the same, any other as
long as the tests are, too.

MUTANTS_SHARDS parts of the mutants are tried one after the other, each spread evenly over the crate,
so that what is done after MUTANTS_MINUTES is a fair sample. MUTANTS_FILE is a glob of the files to try,
MUTANTS_JOBS the mutants at a time. With MUTANTS_TOGETHER those for cargo-mutants wait.

`table` prints the records as Markdown for EVIDENCE.md. `check` fails if a missed mutant is not in
equivalent-mutants.toml, the list of those that change nothing, or if an entry there fits none.
"""

import fnmatch
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mutants_together import Together

EQUIVALENTS = Path(__file__).with_name("equivalent-mutants.toml")
SUMMARIES = {"CaughtMutant": "caught", "MissedMutant": "missed", "Timeout": "timeout", "Unviable": "unviable"}
# So many sets of tests are remembered that missed a mutant.
KEPT = 6


def digest(*texts: bytes) -> str:
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def code(file: Path) -> bytes:
    """A file without the tests at its end."""
    return re.split(rb"\n#\[cfg\(test\)\]\nmod \w+ \{", file.read_bytes())[0]


def tests(package: Path) -> str:
    files = [file for folder in ("src", "tests") for file in (package / folder).rglob("*.rs")]
    return digest(*(file.read_bytes() for file in sorted(files)))


class Crate:
    """The mutants of one crate and what is on record of them."""

    def __init__(self, state: Path, name: str) -> None:
        self.name, self.file = name, state / f"{name}.json"
        self.records = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.mutants: list[dict] = []

    def survey(self, tree: Path) -> None:
        """Asks cargo-mutants for the mutants of this tree; keeps what is on record of those that are the same."""
        self.mutants = json.loads(cargo_mutants(tree, "--list", "--json", "--package", self.name, capture=True))
        hashes, lines, listed = {}, {}, {}
        for mutant in self.mutants:
            path, name = mutant["file"], mutant["name"]
            if path not in hashes:
                hashes[path] = digest(code(tree / path))
                lines[path] = (tree / path).read_text().splitlines()
            old = self.records.get(name, {})
            line = mutant["span"]["start"]["line"]
            listed[name] = {
                "file": path,
                "mutant": name.split(": ", 1)[1],
                "line": lines[path][line - 1].strip(),
                "code": hashes[path],
            }
            if old.get("code") == hashes[path]:
                listed[name].update({key: old[key] for key in ("alone", "outcome", "missed_by") if key in old})
        self.records = listed
        self.save()

    def save(self) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.records, indent=1) + "\n")
        new.replace(self.file)

    def note(self, name: str, outcome: str, mark: str) -> None:
        if outcome in ("missed", "timeout"):
            print(f"{outcome} {name}", flush=True)
        record = self.records[name]
        record["outcome"] = outcome
        if outcome == "missed":
            record["missed_by"] = [*record.get("missed_by", []), mark][-KEPT:]

    def try_alone(self, tree: Path, names: list[str], timeout: int, arguments: list[str], mark: str) -> None:
        """Runs cargo-mutants for these mutants and notes what became of them."""
        out = self.file.parent / f"last-{self.name}"
        # Anchored: a name may be the beginning of another.
        pattern = "^(?:" + "|".join(re.escape(name).replace("\\ ", " ") for name in names) + ")$"
        status = cargo_mutants(
            tree, "--in-place", "--baseline", "skip", "--timeout", str(timeout), "--no-shuffle", "--no-times",
            # A constant may not end when it is built.
            "--build-timeout", "300", "--colors", "never", "--output", str(out), "--profile", "mutants", "--package", self.name,
            "--re", pattern, "--", *arguments,
        )  # fmt: skip
        # 2: some were missed, 3: some did not end; both are figures.
        if status not in (0, 2, 3):
            sys.exit(f"cargo mutants ended with {status}")
        for outcome in json.loads((out / "mutants.out/outcomes.json").read_text())["outcomes"]:
            if outcome["summary"] in SUMMARIES and outcome["scenario"] != "Baseline":
                name = outcome["scenario"]["Mutant"]["name"]
                # Mutants that delete a field come along, whatever the pattern.
                if name in names:
                    self.note(name, SUMMARIES[outcome["summary"]], mark)
        self.save()

    def outcomes(self, *wanted: str) -> list[str]:
        return [name for name, record in self.records.items() if record.get("outcome") in wanted]


def cargo_mutants(tree: Path, *arguments: str, capture: bool = False):
    command = ["cargo", "mutants", "--dir", str(tree), *arguments]
    if capture:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    # A failing test is to fail at once, without a search for a smaller example.
    env = {**os.environ, "PROPTEST_MAX_SHRINK_ITERS": "0", "RUST_BACKTRACE": "0"}
    return subprocess.run(command, env=env, stdout=subprocess.DEVNULL).returncode


def baseline(tree: Path, crate: str, arguments: list[str]) -> int:
    """Builds and runs the tests of the code as it is; a limit for those of a mutant in seconds."""
    command = ["cargo", "test", "--quiet", "--profile", "mutants", "--package", crate, *arguments]
    for _ in range(2):
        begin = time.monotonic()
        subprocess.run(command, cwd=tree, check=True, stdout=subprocess.DEVNULL)
    return max(20, int(10 * (time.monotonic() - begin)))


class Run:
    """The mutants of a crate that are to be tried with one build of its tests."""

    def __init__(self, state: Path, tree: Path, name: str, arguments: list[str]) -> None:
        self.tree, self.crate, self.known = tree, Crate(state, name), equivalents()
        self.crate.survey(tree)
        self.records = self.crate.records
        self.shards = int(os.environ.get("MUTANTS_SHARDS", "20"))
        self.until = time.monotonic() + 60 * float(os.environ.get("MUTANTS_MINUTES", "600"))
        self.for_cargo, *stages = split(arguments)
        self.package = tree / next(iter(self.records)).split("/src/")[0]
        now = digest(tests(self.package).encode(), *(word.encode() for word in arguments))
        # The last stage has the bare mark: what it missed is missed.
        marks = [f"{now} {stage}" for stage in range(1, len(stages))] + [now]
        self.stages = list(zip(stages, marks))
        glob = os.environ.get("MUTANTS_FILE", "*")
        self.opened = [name for name, record in self.records.items()
                       if fnmatch.fnmatch(record["file"], glob) and not self.is_settled(name)]

    def is_settled(self, name: str) -> bool:
        record = self.records[name]
        if record.get("outcome") == "missed":
            # It may be missed by one set of arguments and caught by the next.
            return self.stages[-1][1] in record.get("missed_by", []) or self.is_known(name)
        return "outcome" in record

    def is_known(self, name: str) -> bool:
        return any(fits(entry, self.records[name], name) for entry in self.known)

    def missed(self, names: list[str]) -> list[str]:
        """Those of the names that the next stage has to try."""
        return [name for name in names if self.records[name].get("outcome") == "missed" and not self.is_known(name)]

    def parts(self, names: list[str], how: str):
        """The shards, as long as there is time."""
        for shard in range(self.shards):
            part = names[shard :: self.shards]
            if part and time.monotonic() < self.until:
                print(f"{self.crate.name}: shard {shard} of {self.shards}, {len(part)} mutants {how}", flush=True)
                yield part

    def together(self) -> None:
        opened = {name for name in self.opened if not self.records[name].get("alone")}
        mutants = [mutant for mutant in self.crate.mutants if mutant["name"] in opened]
        if not mutants:
            return
        build = Together(self.tree, self.package, self.crate.name, mutants, self.for_cargo)
        build.build()
        for name in opened:
            if name in build.unviable:
                self.crate.note(name, "unviable", "")
            elif not build.can_try(name):
                self.records[name]["alone"] = True
        left = [name for name in self.opened if build.can_try(name)]
        for stage, (tests_of, mark) in enumerate(self.stages, 1):
            todo = [name for name in left if mark not in self.records[name].get("missed_by", [])]
            limit = build.baseline(tests_of) if todo else 0
            for part in self.parts(todo, f"in stage {stage}"):
                with ThreadPoolExecutor(int(os.environ.get("MUTANTS_JOBS", "1"))) as pool:
                    tried = pool.map(lambda name: build.try_mutant(name, limit, tests_of), part)
                    for name, outcome in zip(part, tried):
                        self.crate.note(name, outcome, mark)
                        self.crate.save()
            left = self.missed(left)
        for name in left:
            self.records[name]["alone"] = build.is_constant(name)
        self.crate.save()
        build.restore()

    def alone(self) -> None:
        left = [name for name in self.opened if self.records[name].get("alone")
                and self.records[name].get("outcome") in (None, "missed")]
        for tests_of, mark in self.stages:
            arguments = [*self.for_cargo, "--", *tests_of]
            limit = baseline(self.tree, self.crate.name, arguments) if left else 0
            for part in self.parts(left, "alone"):
                self.crate.try_alone(self.tree, part, limit, arguments, mark)
            left = self.missed(left)


def split(arguments: list[str]) -> list[list[str]]:
    """What stands between the `--`."""
    parts: list[list[str]] = [[]]
    for argument in arguments:
        if argument == "--":
            parts.append([])
        else:
            parts[-1].append(argument)
    return parts


def equivalents() -> list[dict]:
    return tomllib.loads(EQUIVALENTS.read_text()).get("equivalent", []) if EQUIVALENTS.exists() else []


def fits(entry: dict, record: dict, name: str) -> bool:
    column = name.split(":")[2]
    return all(entry[key] == record[key] for key in ("file", "mutant", "line")) and (
        "column" not in entry or str(entry["column"]) == column
    )


def judged(state: Path) -> tuple[list[list], list[str], list[str]]:
    """Rows of the table, missed mutants without a reason, entries that fit no missed mutant."""
    rows, missed, known, used = [], [], equivalents(), set()
    for file in sorted(state.glob("*.json")):
        crate = Crate(state, file.stem)
        count = {kind: len(crate.outcomes(kind)) for kind in SUMMARIES.values()}
        equivalent = 0
        for name in crate.outcomes("missed"):
            fitting = [at for at, entry in enumerate(known) if fits(entry, crate.records[name], name)]
            used.update(fitting)
            equivalent += bool(fitting)
            if not fitting:
                missed.append(f"{name} | {crate.records[name]['line']}")
        caught = count["caught"] + count["timeout"]
        viable = caught + count["missed"]
        rows.append([
            crate.name, len(crate.records), viable + count["unviable"], viable, caught, count["timeout"], equivalent,
            count["missed"] - equivalent, share(caught, viable), share(caught, viable - equivalent),
        ])  # fmt: skip
    # A mutant that was not tried yet may be equivalent all the same.
    untried = [(name, record) for file in state.glob("*.json")
               for name, record in Crate(state, file.stem).records.items() if "outcome" not in record]
    stale = [f"{entry['file']}: {entry['mutant']}, in `{entry['line']}`" for at, entry in enumerate(known)
             if at not in used and not any(fits(entry, record, name) for name, record in untried)]
    return rows, missed, stale


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def table(state: Path) -> None:
    rows, missed, stale = judged(state)
    print("The mutants are those of cargo-mutants. One is caught when a test fails or does not end (*endless*); one that "
          "does not build is not counted. *Equivalent* are missed mutants that change nothing a test could see, each with its "
          "reason in [equivalent-mutants.toml](equivalent-mutants.toml). Where fewer are tried than there are, those "
          "tried are spread evenly, but for constants and functions that return an `impl Trait`: they have to be built "
          "one by one, and come last.\n")
    print("| crate | mutants | tried | built | caught | of them endless | equivalent | missed "
          "| share caught | without equivalent |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    for title, names in (("Missed", missed), ("Entries of equivalent-mutants.toml that fit no missed mutant", stale)):
        if names:
            print(f"\n{title}:\n")
            for name in sorted(names):
                print(f"* `{name}`")


def main() -> None:
    command, state, *rest = sys.argv[1:]
    folder = Path(state).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if command == "run":
        # The same for all that is built, or it would be built twice. The compiler must know a feature
        # that is not stable, for mutants_together.py; warnings about mutants are of no use.
        os.environ.update(RUSTC_BOOTSTRAP="1", RUSTFLAGS="--cap-lints allow")
        run = Run(folder, Path(rest[0]).absolute(), rest[1], rest[2:])
        run.together()
        if "MUTANTS_TOGETHER" not in os.environ:
            run.alone()
    elif command == "table":
        table(folder)
    else:
        _, missed, stale = judged(folder)
        if missed or stale:
            sys.exit(f"{len(missed)} mutants are missed without a reason, {len(stale)} reasons fit no missed mutant")


main()
