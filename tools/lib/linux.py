# SPDX-License-Identifier: MIT
"""Debian's Linux in the same QEMU, with one static program as its first process.

The kernel comes out of Debian's package linux-image-amd64, fetched with apt-get as any user and
unpacked into the build directory: nothing is installed.
"""
import gzip
import re
import subprocess
import tempfile
from pathlib import Path

import machine
import tree

PACKAGE = "linux-image-amd64"
# Its best case for counting instructions; `rep movsb` counts every byte, so no "fast" strings.
CPU = "max,-erms"
APPEND = "console=ttyS0 quiet mitigations=off init_on_alloc=0 panic=-1"


class LinuxError(Exception):
    """Linux cannot be had or started; the text says why in one line."""


def _apt(folder, *command):
    run = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True)
    if run.returncode:
        last = (run.stdout.strip().splitlines() or ["no reason given"])[-1]
        raise LinuxError(f"{' '.join(command)}: {last} (apt-get update may help; it needs Debian "
                         "and its package servers)")
    return run.stdout


def kernel():
    """The path of a kernel, fetched if this build has none."""
    folder = tree.BUILD / "bench" / "linux"
    found = sorted(folder.glob("vmlinuz-*"))
    if found:
        return found[-1]
    folder.mkdir(parents=True, exist_ok=True)
    depends = _apt(folder, "apt-cache", "depends", PACKAGE)
    name = re.search(r"Depends: (linux-image-\S+)", depends)
    if not name:
        raise LinuxError(f"{PACKAGE} names no kernel: is this Debian?")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        _apt(work, "apt-get", "download", "-qq", name[1])
        package = next(Path(work).glob("*.deb"))
        _apt(work, "dpkg-deb", "-x", str(package), "content")
        source = next(Path(work).glob("content/boot/vmlinuz-*"))
        return source.rename(folder / source.name)


def _cpio_entry(name, mode, content=b"", device=(0, 0)):
    """One file of the "newc" format (cpio(5)): thirteen numbers of eight hexadecimal digits, the
    name, the content, each padded to four bytes."""
    numbers = [0, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % number for number in numbers) + name.encode() + b"\0"
    head += bytes(-len(head) % 4)
    return head + content + bytes(-len(content) % 4)


def initramfs(program, path):
    """An archive that Linux unpacks to a root file system with PROGRAM as /init."""
    entries = [_cpio_entry("dev", 0o040755),
               _cpio_entry("dev/console", 0o020600, device=(5, 1)),
               _cpio_entry("init", 0o100755, Path(program).read_bytes()),
               _cpio_entry("TRAILER!!!", 0)]
    path.write_bytes(gzip.compress(b"".join(entries), mtime=0))
    return path


def command(program, folder):
    """The QEMU command line that boots PROGRAM on Linux under -icount, without the serial port."""
    archive = initramfs(program, Path(folder) / "initramfs.gz")
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", *machine.ICOUNT, "-cpu", CPU,
            "-smp", "1", "-m", "512M", "-vga", "none", "-display", "none", "-kernel",
            str(kernel()), "-initrd", str(archive), "-append", APPEND]
