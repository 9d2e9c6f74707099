# SPDX-License-Identifier: MIT
"""The core files that lie in a trace, as files that gdb opens."""
import re


def cores_write(trace, folder):
    """A line for each. What is not whole is written as far as it came, and said."""
    folder.mkdir(parents=True, exist_ok=True)
    told = []
    for number, core in sorted(trace.cores.items()):
        name = re.sub(r"[^A-Za-z0-9._-]", "_", core.name) or "process"
        path = folder / f"{name}.{core.process}.{number}.core"
        with open(path, "wb") as file:
            for offset, data in core.pieces:
                file.seek(offset)  # what was left out is zero
                file.write(data)
            if core.size is not None:
                file.truncate(core.size)
        told.append(f"{path}: {core.name or '?'}, process {core.process}, "
                    f"{path.stat().st_size} bytes" + ("" if core.is_whole() else
                                                      ", INCOMPLETE: pieces of it were lost"))
    return told
