# SPDX-License-Identifier: MIT
"""docs/tutorial/: its listings are written, its commands run and its transcripts compared, in the order
of the page.

    `FILE`: in front of a block   the block is that file
    ```console                    a command per `$ ` line; the other lines are what it prints
    ```quay IMAGE                 a session at the prompt of this image

`...` stands for anything: some lines, or a part of one.
"""
import re
import unittest

from sdk import ROOT, SdkTest

PAGE = ROOT / "docs" / "tutorial" / "README.md"
BLOCK = re.compile(r"(?:^`([\w./-]+)`:\n)?^```([^\n]*)\n(.*?)^```$", re.M | re.S)
PROMPT = "quay> "


def pattern(lines):
    """What LINES say may be printed."""
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(r"[^\n]*".join(re.escape(part) for part in line.split("...")) + r"\n")
    return "".join(parts)


def turns(text, sign):
    """The typed lines of a block, each with the lines behind it."""
    result = []
    for line in text.splitlines():
        if line.startswith(sign):
            result.append((line.removeprefix(sign), []))
        else:
            result[-1][1].append(line)
    return result


class TutorialTest(SdkTest):
    def setUp(self):
        super().setUp()
        (self.home / "quay").symlink_to(ROOT)
        self.folder = self.home

    def test_page_works_as_written(self):
        count = {"file": 0, "console": 0, "quay": 0}
        for name, kind, text in BLOCK.findall(PAGE.read_text()):
            if name:
                (self.folder / name).write_text(text)
                count["file"] += 1
            elif kind == "console":
                self.run_console(text)
                count["console"] += 1
            elif kind.startswith("quay "):
                self.run_quay(kind.removeprefix("quay "), text)
                count["quay"] += 1
            else:
                self.fail(f"a block that nobody runs:\n{text}")
        self.assertGreaterEqual(min(count.values()), 1, count)

    def run_console(self, text):
        for command, lines in turns(text, "$ "):
            shown = self.run_in(self.folder, "bash", "-e", "-o", "pipefail", "-c",
                                f"{command}\npwd > ~/.folder")
            self.folder = type(self.home)((self.home / ".folder").read_text().strip())
            self.assertRegex(shown, rf"\A{pattern(lines)}\Z", f"$ {command}")

    def run_quay(self, image, text):
        script = self.home / ".script"
        typed = turns(text, PROMPT)
        with open(script, "w") as file:
            file.write(f"timeout 60\nexpect {PROMPT}\n")
            for command, _ in typed:
                command = command.replace("\\", "\\\\")
                file.write(f"type {command}\nexpect \\n{PROMPT}\n")
            file.write("type poweroff\nexit 0\n")
        shown = self.run_in(self.folder, self.home / "quay-sdk/usr/local/bin/quay-run", image,
                            "--script", script)
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", shown)
        answers = shown.split("\n" + PROMPT)[1:]
        self.assertGreater(len(answers), len(typed), shown)
        for (command, lines), answer in zip(typed, answers):
            self.assertRegex(answer + "\n", rf"\A{re.escape(command)}\n{pattern(lines)}\Z")


if __name__ == "__main__":
    unittest.main(verbosity=2)
