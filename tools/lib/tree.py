# SPDX-License-Identifier: MIT
"""Where things are in the tree, and how they are built."""
import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"

KERNELS = {"release": BUILD / "kernel.elf", "debug": BUILD / "kernel-debug.elf"}


def image(name):
    """The boot archive NAME, for example boot or bench."""
    return BUILD / f"{name}.img"


def relative(path):
    """PATH as a person in the current directory would type it, if that is shorter."""
    try:
        return os.path.relpath(path) if Path(path).is_relative_to(ROOT) else str(path)
    except ValueError:
        return str(path)


def set_up():
    """Install what is missing (tools/setup asks first) and configure build/."""
    if subprocess.run([ROOT / "tools" / "setup"], stdout=sys.stderr).returncode:
        sys.exit(1)


def build(*targets, log=None, quiet=False):
    """Build TARGETS in build/, or everything. Returns whether it worked. The output goes to LOG, or to stderr,
    there only on failure if QUIET."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two tools started at once build one after the other
        output = subprocess.PIPE if quiet else log or sys.stderr
        run = subprocess.run(["ninja", "-C", BUILD, *targets],
                             stdin=subprocess.DEVNULL, stdout=output,
                             stderr=subprocess.STDOUT if quiet else output)
        if quiet and run.returncode:
            progress = re.compile(rb"^\[\d+/\d+\] (?!.*FAILED).*\n", re.M)
            sys.stderr.buffer.write(progress.sub(b"", run.stdout))
        return run.returncode == 0
