# SPDX-License-Identifier: MIT
"""The text of a manifest: words, blocks and statements, each with its place (docs/manifest.md)."""
import difflib
import re
from dataclasses import dataclass, field

ERRORS_MAX = 20
TOKEN = re.compile(r"""(?P<space>[ \t\r\n]+|//[^\n]*)
                     |(?P<text>"[^"\n]*")
                     |(?P<word>[A-Za-z0-9_*/][A-Za-z0-9_.*/+-]*)
                     |(?P<sign>[{};,|])""", re.X)


@dataclass(frozen=True)
class Word:
    text: str
    offset: int
    length: int
    kind: str           # word, text, sign or end


@dataclass
class Statement:
    name: Word
    parts: list         # of lists of words: the statement's words between its commas


@dataclass
class Block:
    kind: Word
    name: Word
    statements: list = field(default_factory=list)


class Errors:
    """What is wrong, as text with the place; several in one run."""

    def __init__(self, path, text):
        self.path, self.source, self.messages, self.count = path, text, [], 0

    def add(self, word, message, hint=""):
        self.count += 1
        if self.count > ERRORS_MAX:
            return
        offset = min(word.offset, len(self.source))
        start = self.source.rfind("\n", 0, offset) + 1
        end = self.source.find("\n", offset)
        line = self.source[start:len(self.source) if end < 0 else end]
        shown = "".join(c if c.isprintable() else " " for c in line)
        number = self.source.count("\n", 0, offset) + 1
        column = offset - start
        marks = max(1, min(word.length, len(line) - column))
        self.messages.append(
            f"{self.path}:{number}:{column + 1}: error: {message}\n{number:5} | {shown}\n"
            f"      | {' ' * column}^{'~' * (marks - 1)}" + (f"\nhelp: {hint}" if hint else ""))

    def unknown(self, word, message, known):
        """An error about a word that is none of KNOWN."""
        near = difflib.get_close_matches(word.text, sorted(known), 1)
        self.add(word, message, f"perhaps `{near[0]}`" if near else "")

    def report(self):
        messages = list(self.messages)
        if self.count > ERRORS_MAX:
            messages.append(f"{self.count - ERRORS_MAX} more errors are not shown")
        return "\n".join(messages + [f"{self.count} error{'s' if self.count > 1 else ''}"])


def words_of(text, errors):
    words, offset = [], 0
    while offset < len(text):
        match = TOKEN.match(text, offset)
        if not match:
            character = text[offset]
            word = Word(character, offset, 1, "sign")
            if character == '"':
                errors.add(word, "the text has no end on its line")
            else:
                shown = character if character.isprintable() else f"U+{ord(character):04X}"
                errors.add(word, f"`{shown}` means nothing here")
            offset += 1
            continue
        if match.lastgroup != "space":
            content = match[0][1:-1] if match.lastgroup == "text" else match[0]
            words.append(Word(content, offset, len(match[0]), match.lastgroup))
        offset = match.end()
    words.append(Word("the end", len(text), 1, "end"))
    return words


class Parser:
    """After an error it goes on behind the next semicolon or brace."""

    def __init__(self, words, errors):
        self.words, self.errors, self.at = words, errors, 0

    def peek(self):
        return self.words[self.at]

    def take(self):
        word = self.words[self.at]
        self.at += word.kind != "end"
        return word

    def is_sign(self, *signs):
        return self.peek().kind == "end" or \
            self.peek().kind == "sign" and self.peek().text in signs

    def statement(self):
        name = self.take()
        if name.kind != "word":
            self.errors.add(name, f"`{name.text}` begins no statement")
        parts, part = [], []
        while not self.is_sign(";", "{", "}"):
            word = self.take()
            if word.kind == "sign" and word.text == ",":
                if not part:
                    self.errors.add(word, "nothing stands before the comma")
                parts.append(part)
                part = []
            else:
                part.append(word)
        if parts and not part:
            self.errors.add(self.peek(), "nothing stands after the comma")
        parts.append(part)
        if self.peek().text == ";" and self.peek().kind == "sign":
            self.take()
        else:
            before = self.words[self.at - 1]
            self.errors.add(before, f"there is no `;` after `{before.text}`")
            if self.peek().kind == "sign" and self.peek().text == "{":
                self.take()
        return Statement(name, parts) if name.kind == "word" else None

    def block(self, kinds):
        kind = self.take()
        if kind.kind != "word" or kind.text not in kinds:
            self.errors.unknown(kind, f"`{kind.text}` begins no block: want "
                                f"{', '.join(sorted(kinds))}", kinds)
            while not self.is_sign("{", "}", ";"):
                self.take()
        name = kind
        if self.peek().kind == "word":
            name = self.take()
        if not (self.peek().kind == "sign" and self.peek().text == "{"):
            self.errors.add(self.peek(), f"want `{{`, not `{self.peek().text}`")
            self.take()
            return None
        self.take()
        block = Block(kind, name)
        while not self.is_sign("}"):
            statement = self.statement()
            if statement:
                block.statements.append(statement)
        if self.peek().kind == "end":
            self.errors.add(kind, f"the block `{name.text}` has no `}}`")
        self.take()
        if self.peek().kind == "sign" and self.peek().text == ";":
            self.take()
        return block if kind.text in kinds else None


def parse(text, errors, kinds):
    """The blocks of a manifest."""
    parser = Parser(words_of(text, errors), errors)
    blocks = []
    while parser.peek().kind != "end":
        block = parser.block(kinds)
        if block:
            blocks.append(block)
    return blocks
