# SPDX-License-Identifier: MIT
import unittest

from fake_tree import CheckTest


class DocsTest(CheckTest):
    check = "docs"

    def test_good_links_pass(self):
        self.write("README.md", "[a](docs/a.md#how-it-works) [b](https://example.org/x) `[c](d)`\n")
        self.write("docs/a.md", "# A\n\n## How it works\n\n[back](../README.md) [up](#a)\n")
        self.assert_passes()

    def test_dead_link_is_found(self):
        self.write("README.md", "[a](docs/none.md)\n")
        self.assert_finds("docs/none.md leads nowhere")

    def test_dead_anchor_is_found(self):
        self.write("README.md", "# Title\n\n[a](#other)\n")
        self.assert_finds("no such heading")

    def test_link_in_a_fenced_block_is_not_a_link(self):
        self.write("README.md", "```\n[a](none.md)\n```\n")
        self.assert_passes()

    def test_tool_that_does_not_exist_is_found(self):
        self.write("tools/run", "")
        self.write("README.md", "Type `tools/run`, then `tools/jump`.\n")
        self.assert_finds("names tools/jump")

    def test_object_without_a_page_is_found(self):
        self.write("include/abi/quay/abi/object.h",
                   "enum {\n    OBJECT_NONE = 0,\n    OBJECT_PORT = 6,\n    OBJECT_TYPE_COUNT = 7,\n};\n")
        self.assert_finds("docs/objects/port.md")
        self.write("docs/objects/port.md", "# port\n")
        self.assert_passes()


if __name__ == "__main__":
    unittest.main()
