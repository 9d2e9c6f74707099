# SPDX-License-Identifier: MIT
"""What is tested, and where tests are found:

    check/NAME     tools/checks/NAME, a program that looks at the tree
    tools/NAME     tests/tools/test_NAME.py, tests of the tools and checks themselves
    unit/NAME      cmocka programs of tests/unit, from the build
    shell/NAME     tests/shell/NAME.cases: what the shell and the tools of the tree do, and what dash
                   and the tools of this machine do with the same commands; and the shell on a
                   terminal
    sim/NAME       simulator programs of tests/sim, from the build
    model/NAME     tests/models/NAME.pml, verified by Spin; with a file NAME.runs beside it, one
                   test model/NAME/RUN for each of its lines
                       RUN LEVEL RESULT | SPIN FLAGS | COMPILER FLAGS | VERIFIER FLAGS
                   RESULT is verified, or error for a planted mistake that must be found
    coverage       lines of the kernel above the CPU layer that the host tests reached
    system/NAME    tests/system/NAME, scenarios in QEMU
    mutations      bugs planted in the kernel, which the host tests must find
    bench/limits   instruction counts against tests/bench/limits.json

Logs are kept in build/logs/NAME/.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass

import console_script
import machine
import process
import scenario
import tree

LOGS = tree.BUILD / "logs"
CHECKS = tree.ROOT / "tools" / "checks"
TOOL_TESTS = tree.ROOT / "tests" / "tools"
MODELS = tree.ROOT / "tests" / "models"
MUTATE = tree.ROOT / "tests" / "sim" / "mutate"
BENCH_LIMITS = tree.ROOT / "tests" / "bench" / "limits.json"
SKIP_STATUS = 77
COVERAGE_FLOOR = 95  # percent of lines: the goal


@dataclass
class Result:
    status: str  # passed, failed or skipped
    note: str = ""


def passed(note=""):
    return Result("passed", note)


def failed(note):
    return Result("failed", note)


def skipped(note):
    return Result("skipped", note)


def ending(status, seconds):
    """How a process ended that should have ended with 0."""
    if status is None:
        return f"not done after {seconds:g} seconds"
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"


def last_line(log):
    with open(log.name, errors="replace") as file:
        lines = [line.strip() for line in file if line.strip()]
    return lines[-1] if lines else ""


class Test:
    """One test: name, group (small, alone, machine or last), level and run(log, folder)."""
    group = "small"
    level = "quick"

    def __init__(self, name):
        self.name = name


class Check(Test):
    """A program that exits with 0 and says in its last line what it found out."""
    timeout = 300

    def __init__(self, name, command):
        super().__init__(name)
        self.command = command

    def run(self, log, folder):
        status = process.run(self.command, log, self.timeout, cwd=tree.ROOT,
                             env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
        if status == SKIP_STATUS:
            return skipped(last_line(log))
        if status != 0:
            return failed(ending(status, self.timeout))
        return passed(last_line(log))


class ToolTest(Check):
    """A unittest module; at least one case must run."""

    def run(self, log, folder):
        result = super().run(log, folder)
        if result.status != "passed":
            return result
        with open(log.name) as file:
            ran = re.search(r"^Ran (\d+) test", file.read(), re.M)
        if not ran or int(ran[1]) == 0:
            return failed("no case ran")
        return passed(f"{ran[1]} cases")


class HostTest(Test):
    """A native program of the build, run under the sanitizers."""

    def __init__(self, name, entry):
        super().__init__(name)
        self.command = entry["cmd"]
        self.timeout = max(entry["timeout"], 60) * (20 if level_now() == "long" else 1)

    def run(self, log, folder):
        env = dict(os.environ, ASAN_OPTIONS="detect_stack_use_after_return=1:abort_on_error=0",
                   UBSAN_OPTIONS="print_stacktrace=1",
                   LLVM_PROFILE_FILE=str(folder / "profile.profraw"))
        status = process.run(self.command, log, self.timeout, env=env, cwd=folder)
        return self.judge(log, status)

    def judge(self, log, status):
        if status != 0:
            return failed(ending(status, self.timeout))
        return passed(last_line(log))


def tap_counts(text):
    """Passed and failed TAP cases; those that the plan promises and that are missing have failed."""
    passed_count = len(re.findall(r"^ok \d+", text, re.M))
    failed_count = len(re.findall(r"^not ok \d+", text, re.M))
    planned = sum(map(int, re.findall(r"^1\.\.(\d+)$", text, re.M)))
    return passed_count, max(failed_count, planned - passed_count)


class UnitTest(HostTest):
    """A cmocka program, or one that prints TAP. Its counts are read, so that one without cases
    does not pass."""

    def judge(self, log, status):
        with open(log.name, errors="replace") as file:
            text = file.read()
        counts = {word: sum(map(int, re.findall(rf"\[ +{word} +\] (\d+) test\(s\)", text)))
                  for word in ("PASSED", "FAILED", "SKIPPED")}
        if not any(counts.values()):
            counts["PASSED"], counts["FAILED"] = tap_counts(text)
        if status != 0:
            what = f"{counts['FAILED']} failed, " if counts["FAILED"] else ""
            return failed(what + ending(status, self.timeout))
        if counts["FAILED"] or counts["PASSED"] == 0:
            return failed(f"{counts['PASSED']} cases passed, {counts['FAILED']} failed")
        note = f"{counts['PASSED']} cases"
        if counts["SKIPPED"]:
            note += f", {counts['SKIPPED']} skipped"
        return passed(note)


class Model(Test):
    """One configuration of a Promela model."""
    timeout = 600

    def __init__(self, name, path, level="quick", expected="verified", flags=((), (), ())):
        super().__init__(name)
        self.path = path
        self.level = level
        self.expected = expected
        self.flags = flags

    def run(self, log, folder):
        spin, compiler, verifier = self.flags
        for command in (["spin", "-a", *spin, self.path],
                        ["gcc", "-O2", "-w", *compiler, "-o", "pan", "pan.c"],
                        ["./pan", *verifier]):
            status = process.run(command, log, self.timeout, cwd=folder)
            if status != 0:
                return failed(f"{command[0]}: {ending(status, self.timeout)}")
        with open(log.name, errors="replace") as file:
            text = file.read()
        errors = re.findall(r"errors: (\d+)", text)
        states = re.findall(r"^\s*(\S+) states, stored", text, re.M)
        if not errors:
            return failed("the verifier reports no result")
        if self.expected == "error":
            return passed("the planted mistake is found") if int(errors[-1]) else \
                failed("the planted mistake is not found")
        if int(errors[-1]):
            return failed(f"errors: {errors[-1]}")
        if "max search depth too small" in text or "Search not completed" in text:
            return failed("the search is not complete")
        return passed(f"{int(float(states[-1])):,} states" if states else "")


def models():
    """The tests of all models; a mistake in a .runs file is a failed test."""
    tests = []
    for path in sorted(MODELS.glob("*.pml")):
        name = f"model/{path.stem}"
        runs = path.with_suffix(".runs")
        if not runs.exists():
            tests.append(Model(name, path))
            continue
        for number, line in enumerate(runs.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            first, *flags = line.split("|")
            words = first.split()
            if len(words) != 3 or len(flags) != 3 or words[1] not in scenario.LEVELS or \
                    words[2] not in ("verified", "error"):
                tests.append(Broken(name, f"{tree.relative(runs)}:{number}: want "
                                    "RUN LEVEL RESULT | FLAGS | FLAGS | FLAGS"))
                continue
            tests.append(Model(f"{name}/{words[0]}", path, words[1], words[2],
                               [part.split() for part in flags]))
    return tests


class Coverage(Test):
    """Lines of the kernel above the CPU layer reached by the host tests that just ran."""
    group = "alone"

    def __init__(self, programs):
        super().__init__("coverage")
        self.programs = programs

    def run(self, log, folder):
        profiles = [str(path) for path in LOGS.glob("*/*/profile.profraw")
                    if path.parent.parent.name in ("unit", "sim")]
        if not profiles:
            return skipped("no profiles: the host tests did not run, or gcc compiled them")
        merged = folder / "profile"
        status = process.run(["llvm-profdata-14", "merge", "-sparse", "-o", merged, *profiles], log,
                             300)
        if status != 0:
            return failed("llvm-profdata-14: " + ending(status, 300))
        # The library stands for the files that no program links: they count as not reached.
        objects = ["-object", tree.BUILD / "tests" / "fake" / "libkernel-host.a"]
        for program in self.programs:
            if pathlib.Path(program).read_bytes()[:4] == b"\x7fELF":  # not what a script starts
                objects += ["-object", program]
        export = folder / "export"
        with open(export, "wb") as file:
            status = process.run(["llvm-cov-14", "export", "-summary-only",
                                  f"--instr-profile={merged}", *objects[1:]], file, 300)
        if status != 0:
            return failed("llvm-cov-14: " + ending(status, 300))
        # A warning may come first.
        text = export.read_text()
        files = kernel_lines(json.loads(text[text.index("{"):]))
        for name, (count, covered) in sorted(files.items(),
                                             key=lambda item: item[1][1] - item[1][0]):
            log.write(f"{count - covered:5} of {count:5} lines not reached  {name}\n".encode())
        lines = sum(count for count, covered in files.values())
        reached = sum(covered for count, covered in files.values())
        if not lines:
            return failed("llvm-cov-14 knows no file of the kernel")
        percent = 100 * reached / lines
        note = f"{percent:.2f} % of the kernel's lines above the CPU layer"
        if percent < COVERAGE_FLOOR:
            return failed(f"{note}, {COVERAGE_FLOOR} % must be; the log lists the files")
        return passed(note)


def kernel_lines(export):
    """{file: (lines, those reached)} of the kernel above the CPU layer."""
    files = {}
    for entry in export["data"][0]["files"]:
        found = re.search(r"(?:^|/)(kernel/(?!arch/).*)", entry["filename"])
        if found:
            summary = entry["summary"]["lines"]
            files[found[1]] = (summary["count"], summary["covered"])
    return files


class System(Test):
    group = "machine"

    def __init__(self, run):
        super().__init__("system/" + run.name)
        self.scenario = run
        self.level = run.level

    def run(self, log, folder):
        run = self.scenario
        steps = console_script.read(run.folder / run.script, run.machine.settings())
        debugcon = folder / "debugcon"
        debugcon.unlink(missing_ok=True)
        try:
            command = run.machine.command(folder)
        except machine.MachineError as error:
            return failed(str(error))
        command += ["-serial", "stdio", "-monitor", "none", "-debugcon", f"file:{debugcon}",
                    "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        if not run.reboot:
            command.append("-no-reboot")
        with open(folder / "command", "w") as file:
            file.write(" ".join(command) + "\n")
        with open(folder / "errors", "w+b") as errors, \
                process.Process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=errors) as qemu:
            failure, cases = console_script.run_script(qemu, steps, log, debugcon,
                                                       limit=run.timeout)
            if failure:
                errors.seek(0)
                log.write(b"\n" + errors.read())
                return failed(failure)
        return passed(f"{cases} cases" if cases else "")


class Broken(Test):
    """A test that cannot be read is a failed test, not a missing one."""

    def __init__(self, name, text):
        super().__init__(name)
        self.text = text

    def run(self, log, folder):
        return failed(self.text)


class Mutations(Check):
    """Host tests against planted bugs."""
    group = "alone"
    level = "default"
    timeout = 600

    def __init__(self):
        super().__init__("mutations", [MUTATE])


class BenchLimits(Check):
    group = "alone"
    timeout = 600

    def __init__(self):
        super().__init__("bench/limits", [tree.ROOT / "tools" / "bench", "--check"])


def tree_state():
    """What git says is changed or new, or None outside of a repository."""
    run = subprocess.run(["git", "-C", tree.ROOT, "status", "--porcelain"], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return run.stdout if run.returncode == 0 else None


class TreeUnchanged(Test):
    """Building and testing write nothing outside of build/."""
    group = "last"

    def __init__(self, before):
        super().__init__("tree-unchanged")
        self.before = before

    def run(self, log, folder):
        if self.before is None:
            return skipped("no git repository")
        after = tree_state()
        if after != self.before:
            log.write(f"before:\n{self.before}after:\n{after}".encode())
            return failed("the run changed or made files outside build/")
        return passed()


def level_now():
    return os.environ.get("QUAY_TEST_LEVEL", "default")


def host_tests():
    """The native test programs of the build, by Meson suite."""
    try:
        entries = json.loads((tree.BUILD / "meson-info" / "intro-tests.json").read_text())
    except OSError:
        return []
    tests = []
    for entry in entries:
        suite = entry["suite"][0].rpartition(":")[2]
        kind = UnitTest if suite in ("unit", "shell") else HostTest
        tests.append(kind(f"{suite}/{entry['name']}", entry))
    return sorted(tests, key=lambda test: test.name)


def discover(level):
    """All tests of LEVEL, in the order in which they are listed."""
    tests = []
    for path in sorted(CHECKS.iterdir()) if CHECKS.is_dir() else []:
        if os.access(path, os.X_OK) and path.is_file():
            tests.append(Check(f"check/{path.name}", [path]))
    for path in sorted(TOOL_TESTS.glob("test_*.py")):
        tests.append(ToolTest(f"tools/{path.stem.removeprefix('test_')}", [sys.executable, path]))
    hosts = host_tests()
    tests += hosts
    tests += models()
    if hosts:
        tests.append(Coverage([test.command[0] for test in hosts]))
    runs, errors = scenario.read_all()
    tests += [Broken("system/" + name, text) for name, text in errors]
    tests += [System(run) for run in runs]
    if hosts and MUTATE.exists():
        tests.append(Mutations())
    if BENCH_LIMITS.exists():
        tests.append(BenchLimits())
    reached = scenario.LEVELS.index(level)
    return [test for test in tests if scenario.LEVELS.index(test.level) <= reached]
