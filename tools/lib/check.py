# SPDX-License-Identifier: MIT
"""What the programs in tools/checks share: which tree they look at, and how they report."""
import argparse
import subprocess
import sys
from pathlib import Path


class Check:
    """Collects findings. finish() prints them and gives the exit status."""

    def __init__(self, name, description, more=None):
        parser = argparse.ArgumentParser(
            prog=f"tools/checks/{name}", description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2],
                            help="look at this tree instead of the one the check is in")
        if more:
            more(parser)
        self.options = parser.parse_args()
        self.root = self.options.root
        self.findings = []

    def files(self, *patterns):
        """Paths, relative to the root, that git tracks or would track; all in a folder without git."""
        if (self.root / ".git").exists():
            run = subprocess.run(["git", "-C", self.root, "ls-files", "-z", "--cached", "--others",
                                  "--exclude-standard", "--deduplicate"],
                                 stdout=subprocess.PIPE, text=True, check=True)
            paths = [Path(name) for name in run.stdout.split("\0") if name]
        else:
            paths = [path.relative_to(self.root) for path in self.root.rglob("*")]
        return sorted(path for path in paths if (self.root / path).is_file()
                      and (not patterns or any(path.match(pattern) for pattern in patterns)))

    def text(self, path):
        return (self.root / path).read_text(errors="replace")

    def find(self, where, what):
        self.findings.append(f"{where}: {what}")

    def finish(self, summary):
        for finding in self.findings:
            print(finding)
        if self.findings:
            print(f"{len(self.findings)} findings")
            return 1
        print(summary)
        return 0


def skip(reason):
    """End the check: it cannot say anything here."""
    print(reason)
    sys.exit(77)
