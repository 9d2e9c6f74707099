# SPDX-License-Identifier: MIT
"""A manifest as a graph: who holds what, who can reach whom.

Boxes are programs, ellipses things of the machine. An arrow goes from who holds to what is held:
solid, a session it gets at its start, or a thing; dashed, a name that it may ask for; dotted, a
name that it may ask for later (`uses`).
"""
import subprocess

import manifest_check

INIT = "init"


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def thing(kind, value, count, name):
    if kind == "io":
        return f"I/O ports {value:#x}-{value + count - 1:#x}"
    if kind == "irq":
        return f"interrupt {value}"
    if kind == "physical":
        return f"memory {value:#x}, {count} bytes"
    if kind == "resource":
        rights = {16: "every interrupt", 17: "every I/O port", 18: "all physical memory",
                  19: "figures and kernel log", 20: "reset", 21: "trace of all messages"}
        return "machine: " + ", ".join(text for bit, text in rights.items() if value >> bit & 1)
    if kind == "names":
        return "the ports of all servers"
    if kind == "job":
        return f"a job for {name}"
    return {"framebuffer": "the screen's memory", "exceptions": "crashes of all programs",
            "acpi": "ACPI tables",
            "archive": "the boot archive"}[kind]


def box(entry):
    lines = [entry.name]
    lines += ["serves " + ", ".join(word.text for word, _ in entry.serves)] if entry.serves else []
    limits = {"kept_bytes": "keeps {} bytes", "memory_bytes_max": "memory {}",
              "processes_max": "processes {}", "threads_max": "threads {}",
              "cpu_time_max": "CPU {} ns in 100 ms", "priority_max": "priority {}"}
    lines += [text.format(entry.numbers[key]) for key, text in limits.items()
              if key in entry.numbers]
    return "\\n".join(lines)


def edges(ordered, checker):
    """(from, to, style), each once."""
    made = {}
    for entry in ordered:
        for word, _ in entry.gets:
            owner = checker.server_of.get(word.text)
            made.setdefault((entry.name, owner.name if owner else INIT, "solid"))
        for word, is_ordered in entry.needs:
            if word.text == "*":
                made.setdefault((entry.name, "every name", "dashed"))
                continue
            owner = checker.server_of.get(word.text)
            to = owner.name if owner else INIT
            binders = [other.name for other in ordered
                       if any(bound.text == word.text for bound in other.binds)]
            for name in [to] if owner or not binders else binders:
                made.setdefault((entry.name, name, "dashed" if is_ordered else "dotted"))
        for kind, value, count, name, word in entry.grants:
            if kind == "view":
                made.setdefault((entry.name, word.text, "dotted"))
            else:
                made.setdefault((entry.name, thing(kind, value, count, name), "solid"))
        if entry.kind == "session":
            for name in manifest_check.SESSION_GETS:
                made.setdefault((entry.name, checker.server_of[name].name, "solid"))
    return list(made)


def dot(ordered, checker):
    names = {entry.name for entry in ordered}
    lines = ["digraph manifest {", "    rankdir=LR;",
             '    node [fontname="sans-serif", fontsize=11, shape=box, style=rounded];',
             f"    {quoted(INIT)};"]
    for entry in ordered:
        style = ', peripheries=2' if entry.kind == "session" else ""
        lines.append(f'    {quoted(entry.name)} [label={quoted(box(entry)).replace(chr(92) * 2, chr(92))}{style}];')
    made = edges(ordered, checker)
    for to in sorted({to for _, to, _ in made} - names - {INIT}):
        lines.append(f"    {quoted(to)} [shape=ellipse, style=solid];")
    for source, to, style in made:
        lines.append(f"    {quoted(source)} -> {quoted(to)} [style={style}];")
    return "\n".join(lines + ["}"]) + "\n"


def reached(ordered, checker):
    """For each program, everything that it can reach over others: {name: set of names}."""
    step = {}
    for source, to, _ in edges(ordered, checker):
        step.setdefault(source, set()).add(to)
    result = {}
    for entry in ordered:
        found, left = set(), [entry.name]
        while left:
            for to in step.get(left.pop(), ()):
                if to not in found:
                    found.add(to)
                    left.append(to)
        result[entry.name] = found
    return result


def svg(text):
    """Graphviz's drawing of a graph; OSError: there is no dot."""
    run = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, check=False)
    if run.returncode:
        raise OSError("dot: " + run.stderr.strip())
    return run.stdout
