"""What `llvm-cov export --summary-only` says, one line for each library crate, as Markdown.

    llvm-cov export --summary-only ... | python3 docs/coverage.py
"""

import json
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CRATES = ["srtp-core", "sdes-sdp", "negotiation"]


def main() -> None:
    counts = {crate: Counter() for crate in CRATES}
    for file in json.load(sys.stdin)["data"][0]["files"]:
        path = Path(file["filename"])
        crate = next((c for c in CRATES if path.is_relative_to(ROOT / c / "src")), None)
        if crate is None:
            continue
        for kind in ("lines", "regions", "functions"):
            counts[crate][kind] += file["summary"][kind]["count"]
            counts[crate][kind + " covered"] += file["summary"][kind]["covered"]
    print("What the inputs of the fuzz targets execute: seeds, what libFuzzer has kept of its own, "
          "and the random inputs of the replaying tests.\n")
    print("| crate | lines | regions | functions |\n|---|--:|--:|--:|")
    for crate, count in counts.items():
        if not count["lines"]:
            continue
        shares = (f"{count[kind + ' covered']} of {count[kind]}, "
                  f"{100 * count[kind + ' covered'] / count[kind]:.1f} %"
                  for kind in ("lines", "regions", "functions"))
        print(f"| {crate} | {' | '.join(shares)} |")


main()
