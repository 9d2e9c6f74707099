# SPDX-License-Identifier: MIT
"""The QEMU machine: which command line boots Quay."""
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import tree

BOOT_WAYS = ("bios", "uefi", "direct")
UEFI_MEMORY_MIN_MIB = 64
ARCHIVES = ("normal", "none", "truncated", "damaged", "wrong")

# -icount: one guest instruction per nanosecond, so that every run repeats to the last digit.
ICOUNT = ["-accel", "tcg", "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc",
          "base=2026-01-01,clock=vm"]

FIRMWARE = ("/usr/share/ovmf/OVMF.fd", "/usr/share/OVMF/OVMF_CODE.fd",
            "/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2-ovmf/x64/OVMF.fd",
            "/usr/share/edk2/x64/OVMF.4m.fd", "/usr/share/qemu/ovmf-x86_64.bin")


class MachineError(Exception):
    """A machine that cannot be made; the text says why in one line."""


def memory_mib(text):
    """`64M`, `1G` or `64` as a number of MiB."""
    match = re.fullmatch(r"([1-9]\d*)([MG]?)", text)
    if not match:
        raise MachineError(f"memory size {text!r}: want a number of MiB, like 64, 64M or 1G")
    return int(match[1]) * (1024 if match[2] == "G" else 1)


def kvm_usable():
    """KVM counts only where the CPU shows vmx or svm: a nested one without them emulates wrongly."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
        return bool(re.search(r"^flags\s*:.*\b(vmx|svm)\b", Path("/proc/cpuinfo").read_text(), re.M))
    except OSError:
        return False


def find_firmware():
    for path in FIRMWARE:
        if os.path.exists(path):
            return path
    raise MachineError("no UEFI firmware found; tools/setup installs it (Debian package ovmf)")


@dataclass
class Machine:
    boot: str = "bios"
    kernel: str = "release"
    image: str = "boot"
    cpus: int = 1
    memory: str = "128M"
    append: str = ""
    archive: str = "normal"
    accel: str = "tcg"          # tcg, icount, or best: KVM where it can be trusted
    cpu: str = ""               # QEMU's name of a CPU model; default is all that the accelerator has
    screen: bool = False

    def check(self):
        if self.boot not in BOOT_WAYS:
            raise MachineError(f"boot way {self.boot!r}: want one of {', '.join(BOOT_WAYS)}")
        if self.kernel not in tree.KERNELS:
            raise MachineError(f"kernel {self.kernel!r}: want one of {', '.join(tree.KERNELS)}")
        if self.archive not in ARCHIVES:
            raise MachineError(f"archive {self.archive!r}: want one of {', '.join(ARCHIVES)}")
        if self.boot == "uefi" and memory_mib(self.memory) < UEFI_MEMORY_MIN_MIB:
            raise MachineError(f"UEFI firmware needs at least {UEFI_MEMORY_MIN_MIB} MiB, "
                               f"not {self.memory}")
        if not 1 <= self.cpus <= 255:
            raise MachineError(f"{self.cpus} CPUs: want 1 to 255")

    def settings(self):
        """What a script may name as ${NAME}."""
        return {"CPUS": self.cpus, "BOOT": self.boot, "KERNEL": self.kernel,
                "MEMORY": memory_mib(self.memory)}

    def command(self, folder):
        """The QEMU command line without the serial port. Files that it needs beyond those of the
        build are made in FOLDER."""
        self.check()
        kernel = tree.KERNELS[self.kernel]
        for path in (kernel, tree.image(self.image)):
            if not path.exists():
                raise MachineError(f"{tree.relative(path)} is not there: the build did not make it")
        folder = Path(folder)
        archive = self._archive(folder)
        line = ["qemu-system-x86_64", "-nodefaults", "-no-user-config"]
        if self.accel == "icount":
            line += ICOUNT + ["-cpu", self.cpu or "max"]
        elif self.accel == "best" and kvm_usable():
            line += ["-accel", "kvm", "-cpu", self.cpu or "host"]
        else:
            line += ["-accel", "tcg", "-cpu", self.cpu or "max"]
        line += ["-smp", str(self.cpus), "-m", f"{memory_mib(self.memory)}M"]
        if self.boot == "direct":
            line += ["-kernel", str(kernel)]
            if archive:
                line += ["-initrd", str(archive)]
            if self.append:
                line += ["-append", self.append]
        else:
            if self.boot == "uefi":
                line += ["-bios", find_firmware()]
            line += ["-cdrom", str(self._iso(folder, kernel, archive))]
        if self.screen:
            line += ["-vga", "std"]
        else:
            # GRUB under UEFI sets a video mode, so it needs a card even if nobody looks at it.
            line += ["-vga", "std" if self.boot == "uefi" else "none", "-display", "none"]
        return line

    def _archive(self, folder):
        source = tree.image(self.image)
        if self.archive == "normal":
            return source
        if self.archive == "none":
            return None
        content = bytearray(source.read_bytes())
        if self.archive == "truncated":
            del content[len(content) // 2:]
        elif self.archive == "damaged":
            content[48] ^= 0xFF  # inside the first entry of the table
        else:
            content = bytearray(b"This is a text and no boot archive.\n" * 256)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.archive}.img"
        path.write_bytes(content)
        return path

    def _iso(self, folder, kernel, archive):
        standard = tree.BUILD / "quay.iso"
        if (self.kernel, self.image, self.append, self.archive) == ("release", "boot", "", "normal"):
            if not standard.exists():
                raise MachineError(f"{tree.relative(standard)} is not there: the build did not "
                                   "make it")
            return standard
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "quay.iso"
        run = subprocess.run([tree.ROOT / "tools" / "mkiso", path, kernel, archive or "-",
                              tree.ROOT / "boot" / "grub.cfg", self.append],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode:
            raise MachineError(f"cannot make {tree.relative(path)}: {run.stdout.strip()}")
        return path
