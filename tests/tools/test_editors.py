# SPDX-License-Identifier: MIT
"""docs/editors/ knows the words of the grammar, and colors real files."""
import json
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EDITORS = ROOT / "docs" / "editors"


def grammar_words():
    """The words in quotes of the grammar's block."""
    page = (ROOT / "docs" / "idl" / "grammar.md").read_text()
    block = re.search(r"^```\n(file .*?)^```$", page, re.M | re.S)[1]
    return {word for word in re.findall(r'"([a-z][a-z_0-9]+)"', block)}


def textmate():
    return json.loads((EDITORS / "vscode" / "quay-idl.tmLanguage.json").read_text())


class EditorsTest(unittest.TestCase):
    def test_every_word_of_the_grammar_is_known(self):
        words = grammar_words()
        self.assertGreater(len(words), 40)
        vim = (EDITORS / "vim" / "syntax" / "quay-idl.vim").read_text()
        known = set(" ".join(re.findall(r"^syntax keyword \w+ (.*)$", vim, re.M)).split())
        self.assertEqual(words - known, set())
        rules = "|".join(rule.get("match", "") for rule in textmate()["patterns"])
        self.assertEqual(words - set(re.findall(r"[a-z_0-9]+", rules)), set())

    def test_lines_are_colored(self):
        def scopes(line):
            found = {}
            for rule in reversed(textmate()["patterns"]):  # an earlier rule wins
                for match in re.finditer(rule.get("match", r"(?!)"), line):
                    if "captures" in rule:
                        for group, capture in rule["captures"].items():
                            found[match[int(group)]] = capture["name"].split(".")[0]
                    else:
                        found[match[0]] = rule["name"].split(".")[0]
            return found

        shown = scopes("    2: get(key: string<key_max>) -> (at: u64) error failure;")
        self.assertEqual((shown["get"], shown["string"], shown["u64"], shown["error"], shown["2"]),
                         ("entity", "storage", "storage", "storage", "constant"))
        self.assertEqual(scopes("strict enum color : u8 {")["color"], "entity")
        self.assertEqual(scopes("    /// Says what.")["/// Says what."], "comment")
        self.assertEqual(scopes("@deadline(2s)")["@deadline"], "entity")

    def test_extension_names_its_files(self):
        package = json.loads((EDITORS / "vscode" / "package.json").read_text())
        for part in (package["contributes"]["languages"][0]["configuration"],
                     package["contributes"]["grammars"][0]["path"]):
            self.assertTrue((EDITORS / "vscode" / part).is_file(), part)


if __name__ == "__main__":
    unittest.main(verbosity=2)
