# SPDX-License-Identifier: MIT
"""System scenarios: tests/system/NAME/ holds the files `scenario` and `script`.

The file `scenario` says on which machines the script runs. One setting per line; empty lines and
lines that start with # are skipped.

    about TEXT             what it shows, in one line
    run BOOT KERNEL CPUS [SETTING=VALUE]...
                           one machine; BOOT is bios, uefi or direct, KERNEL release or debug.
                           Each run line is one test; its settings stand before those below
    image NAME             boot archive build/NAME.img (default monitor)
    memory SIZE            for example 64M (default 64M)
    append ARGS            kernel command line
    archive HOW            normal, or to show an error: none, truncated, damaged, wrong
    cpu MODEL              QEMU's CPU model (default max)
    accel HOW              tcg (default), or icount: one instruction per nanosecond
    timeout SECONDS        limit of the whole run (default 60)
    level LEVEL            quick, default or long: the smallest tools/test that runs it (default
                           is default)
    reboot yes             a reset starts the machine again; without this it ends QEMU
    script FILE            script in the same folder (default script)

The script's statements are listed by tools/run --help.
"""
import re
from dataclasses import dataclass, field, replace

import console_script
from machine import Machine, MachineError
import tree

FOLDER = tree.ROOT / "tests" / "system"
LEVELS = ("quick", "default", "long")


class ScenarioError(Exception):
    """A scenario that cannot be read; the text names file and line."""


@dataclass
class Run:
    name: str = ""
    about: str = ""
    folder: object = None
    machine: Machine = field(default_factory=Machine)
    timeout: float = 60
    level: str = "default"
    reboot: bool = False
    script: str = "script"


def apply(run, key, value):
    """RUN with one setting changed."""
    if key == "about":
        return replace(run, about=value)
    if key in ("image", "memory", "append", "archive", "cpu", "accel"):
        return replace(run, machine=replace(run.machine, **{key: value}))
    if key == "timeout":
        return replace(run, timeout=float(value))
    if key == "level":
        if value not in LEVELS:
            raise ValueError(f"want one of {', '.join(LEVELS)}")
        return replace(run, level=value)
    if key == "reboot":
        if value not in ("yes", "no"):
            raise ValueError("want yes or no")
        return replace(run, reboot=value == "yes")
    if key == "script":
        if not (run.folder / value).is_file():
            raise ValueError("there is no such file")
        return replace(run, script=value)
    raise ValueError("no such setting")


def read(folder):
    """The runs that FOLDER describes."""
    path = folder / "scenario"
    where = tree.relative(path)
    base = Run(folder=folder, machine=Machine(image="monitor", memory="64M"))
    lines = []
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            key, _, value = line.strip().partition(" ")
            value = value.strip()
            try:
                if key == "run":
                    lines.append((number, value))
                else:
                    base = apply(base, key, value)
            except ValueError as error:
                raise ScenarioError(f"{where}:{number}: {key} {value}: {error}") from None
    if not lines:
        raise ScenarioError(f"{where}: no run line, nothing would be tested")
    runs = []
    for number, value in lines:
        try:
            runs.append(run_line(base, folder.name, value.split()))
        except (ValueError, MachineError) as error:
            raise ScenarioError(f"{where}:{number}: run {value}: {error}") from None
    names = [run.name for run in runs]
    for name in names:
        if names.count(name) > 1:
            raise ScenarioError(f"{where}: {name} is there twice")
    return runs


def run_line(base, name, words):
    if len(words) < 3:
        raise ValueError("want BOOT KERNEL CPUS")
    boot, kernel, cpus, *settings = words
    run = replace(base, machine=replace(base.machine, boot=boot, kernel=kernel, cpus=int(cpus)))
    suffix = ""
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"{setting}: want SETTING=VALUE")
        run = apply(run, key, value)
        if key not in ("level", "timeout", "script"):
            suffix += "-" + re.sub(r"[^A-Za-z0-9.]+", "-", value)
    run.machine.check()
    return replace(run, name=f"{name}/{boot}-{kernel}-{cpus}{suffix}")


def read_all():
    """All scenarios' runs, sorted, with the errors of those that cannot be read as (name, text)."""
    runs, errors = [], []
    if FOLDER.is_dir():
        for folder in sorted(FOLDER.iterdir()):
            if not (folder / "scenario").is_file():
                continue
            try:
                runs += read(folder)
                for run in runs:
                    if run.folder == folder:
                        console_script.read(folder / run.script, run.machine.settings())
            except (ScenarioError, console_script.ScriptError, OSError) as error:
                runs = [run for run in runs if run.folder != folder]
                errors.append((folder.name, str(error)))
    return runs, errors
