# SPDX-License-Identifier: MIT
"""Commands of gdb for a Quay that runs in QEMU: what the kernel knows of processes, threads,
handles and ports, read from its structures while the machine is stopped.

    gdb -x tools/gdb/quay.py        loads the kernel's symbols
    quay attach                     connects to the QEMU that tools/run --gdb has started

All programs lie at the same addresses, so the symbols of one are loaded at a time: at each stop
those of the process that the chosen CPU runs, or those that `quay symbols` asks for.
"""
import json
import pathlib
import re
import struct
import sys

import gdb

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
ADDRESS = "localhost:1234"

DIRECT_MAP = 0xffff800000000000
PAGE = 4096
PRESENT, LARGE = 1, 1 << 7
FRAME_BITS = 0x000ffffffffff000

# Where programs begin (libsys/user.ld; programs for Linux).
PROGRAM_BASES = (0x10000000000, 0x400000)
PAGE_HEADER = ROOT / "libsys" / "include" / "quay" / "process_page.h"

HANDLE_LIVE = 2
WAITING = 1
THREAD_FLAGS = ((1 << 3, "dead"), (1 << 8, "suspended"))
LIST_MAX = 100000
FRAMES_MAX = 64
FRAME_MAX = 1 << 20  # bytes from one to the next
SEARCH_WORDS = 96
PROLOGUE = bytes.fromhex("554889e5")  # push %rbp; mov %rsp,%rbp


class Problem(gdb.GdbError):
    """What went wrong, in a line for who typed the command."""


# --- the kernel's structures ----------------------------------------------------------------------

def variable(name):
    """A static variable of the kernel."""
    symbol = gdb.lookup_static_symbol(name) or gdb.lookup_global_symbol(name)
    if symbol is None:
        raise Problem(f"no symbol {name}: load a kernel with symbols (file build/kernel.elf)")
    return symbol.value()


def container(link, type_name, *path):
    """The record of this type that the link PATH of it lies in."""
    kind = gdb.lookup_type("struct " + type_name)
    offset, inner = 0, kind
    for name in path:
        field = inner[name]
        offset += field.bitpos // 8
        inner = field.type
    address = (int(link) - offset) & (1 << 64) - 1
    return gdb.Value(address).cast(kind.pointer()).dereference()


def each(head, type_name, *path):
    """The records of a list, of which the head is given."""
    start = int(head.address)
    link = head["next"]
    for _ in range(LIST_MAX):
        if int(link) in (0, start):
            return
        yield container(link, type_name, *path)
        link = link.dereference()["next"]
    raise Problem("a list does not end: the machine has stopped while it was changed")


def koid(record):
    return int(record["object"]["koid"])


def text(array):
    return array.string(errors="replace")


def processes():
    head = variable("job_state")["processes"]
    if int(head["next"]) == 0:
        raise Problem("the kernel has no processes yet: let it go on for a while")
    return list(each(head, "process", "all_link"))


def threads(process):
    return each(process["threads"], "thread", "process_link")


def find_process(word):
    """A process by its koid, or by its name if only one has it."""
    found = [one for one in processes() if word in (str(koid(one)), name_of(one))]
    if not found:
        raise Problem(f"{word}: no such process; quay processes lists them")
    if len(found) > 1:
        ids = ", ".join(str(koid(one)) for one in found)
        raise Problem(f"{word}: that are several, choose one by its id: {ids}")
    return found[0]


def find_threads(word):
    """The thread of this id, or all of a process."""
    for process in processes():
        for thread in threads(process):
            if str(koid(thread)) == word:
                return [thread]
    return list(threads(find_process(word)))


def handles(process):
    """(entry of the kernel's table) for each handle."""
    table = process["table"]
    for chunk in range(int(table["chunk_count"])):
        entries = table["chunks"][chunk]
        for index in range(64):
            entry = entries[index]
            if int(entry["state"]) == HANDLE_LIVE and int(entry["value"]) != 0:
                yield entry


def object_address(entry, type_name):
    return container(entry["object"], type_name, "object")


def ports():
    """{koid: port} of all ports that somebody has a handle of, or of a session there."""
    found = {}
    for process in processes():
        for entry in handles(process):
            kind = type_of(entry)
            if kind == "port":
                port = object_address(entry, "port")
            elif kind == "session":
                port = object_address(entry, "session")["port"].dereference()
            else:
                continue
            found.setdefault(koid(port), port)
    return found


def enum_words(type_name, prefix):
    fields = gdb.lookup_type("enum " + type_name).fields()
    return {int(field.enumval): field.name.removeprefix(prefix).lower() for field in fields}


def type_of(entry):
    return enum_words("object_type", "OBJECT_").get(int(entry["type"]), "?")


# --- memory of programs ---------------------------------------------------------------------------

def memory(address, count):
    return bytes(gdb.selected_inferior().read_memory(address, count))


def page_address(root, address):
    """The kernel's address of the page that a program has at ADDRESS; None: it is not there."""
    table = root
    for shift in (39, 30, 21, 12):
        at = DIRECT_MAP + table + (address >> shift & 511) * 8
        entry, = struct.unpack("<Q", memory(at, 8))
        if not entry & PRESENT:
            return None
        if shift in (30, 21) and entry & LARGE:
            size = 1 << shift
            return DIRECT_MAP + (entry & FRAME_BITS & -size) + (address & size - 1 & -PAGE)
        table = entry & FRAME_BITS
    return DIRECT_MAP + table


def read_user(process, address, count):
    """Memory of a program, or None if some of it is not present."""
    root = int(process["aspace"]["root"]["arch"]["cr3"]) & FRAME_BITS
    result = b""
    while count:
        page = page_address(root, address) if 0 < address < 1 << 47 else None
        if page is None:
            return None
        part = min(count, PAGE - address % PAGE)
        result += memory(page + address % PAGE, part)
        address, count = address + part, count - part
    return result


def process_page():
    """Where a process of POSIX says what it runs."""
    if "process_page" not in LOADED:
        found = re.search(r"define PROCESS_PAGE +(0x[0-9a-f]+)", PAGE_HEADER.read_text())
        LOADED["process_page"] = int(found[1], 16)
    return LOADED["process_page"]


def name_of(process):
    """What it runs: a process of POSIX says so in its page, the kernel knows what was first."""
    first = text(process["name"])
    if layer_loaded():
        kind = gdb.lookup_type("struct process_page")
        page = read_user(process, process_page(), kind.sizeof)
        if page:
            field = kind["name"]
            start = field.bitpos // 8
            name = page[start:start + field.type.sizeof].split(b"\0")[0].decode(errors="replace")
            return name or first
    return first


# --- symbols --------------------------------------------------------------------------------------

LOADED = {"program": None, "process": 0, "layer": False}


def layer_loaded():
    return LOADED["layer"]


def layer_load():
    """The POSIX layer's, which are in nobody's way."""
    path = BUILD / "posix.user"
    if not LOADED["layer"] and path.exists():
        gdb.execute(f"add-symbol-file {path} -o 0", to_string=True)
        LOADED["layer"] = True


def program_head(content):
    """Of an ELF file or its image in memory what stripping leaves as it is: entry, program
    headers."""
    if content is None or content[:4] != b"\x7fELF":
        return None
    entry, offset = struct.unpack_from("<QQ", content, 24)
    count, = struct.unpack_from("<H", content, 56)
    return entry, content[offset:offset + count * 56]


def build_id(head, read):
    """The build id that the notes tell, as hexadecimal digits, or None."""
    for at in range(0, len(head[1]), 56):
        kind, _, _, address, _, size = struct.unpack_from("<IIQQQQ", head[1], at)
        notes = read(address, size) if kind == 4 and size < PAGE else None
        while notes and len(notes) >= 12:
            name_size, id_size, note = struct.unpack_from("<III", notes)
            start = 12 + (name_size + 3 & -4)
            if note == 3 and notes[12:16] == b"GNU\0":
                return notes[start:start + id_size].hex()
            notes = notes[start + (id_size + 3 & -4):]
    return None


def program_file(process):
    """The file with the symbols of what a process runs, or None."""
    name = name_of(process)
    for base in PROGRAM_BASES:
        head = program_head(read_user(process, base, 1024))
        if head is None:
            continue
        number = build_id(head, lambda address, size: read_user(process, address, size))
        if number:
            path = BUILD / "symbols" / number[:2] / (number[2:] + ".debug")
            if path.exists():
                return path
        candidates = sorted([*BUILD.glob("*.user"), *BUILD.glob("*.posix")],
                            key=lambda path: path.stem != name)
        for path in candidates:
            with open(path, "rb") as file:
                if program_head(file.read(1024)) == head:
                    return path
    # Its first page may be absent.
    for path in (BUILD / f"{name}.user", BUILD / f"{name}.posix"):
        if path.exists():
            return path
    return None


def symbols_load(process):
    """Loads the symbols of a process, in the place of those of another one. The file, or None."""
    path = program_file(process)
    if path == LOADED["program"]:
        LOADED["process"] = koid(process)
        return path
    if LOADED["program"]:
        gdb.execute(f"remove-symbol-file {LOADED['program']}", to_string=True)
        LOADED["program"] = None
    if path:
        gdb.execute(f"add-symbol-file {path} -o 0", to_string=True)
        LOADED["program"] = path
    LOADED["process"] = koid(process)
    return path


def current_process():
    """Of the CPU that gdb has chosen; None: it is idle, or not yet up."""
    chosen = gdb.selected_thread()
    if chosen is None:
        return None
    cpu = variable("x_cpu")["cpus"][chosen.num - 1]
    if int(cpu) == 0 or int(cpu.dereference()["current"]) == 0:
        return None
    process = cpu.dereference()["current"].dereference()["process"]
    return process.dereference() if int(process) else None


def stopped(_event):
    """Keeps the symbols of the running program loaded."""
    try:
        process = current_process()
        if process is not None and koid(process) != LOADED["process"]:
            symbols_load(process)
    except (gdb.error, Problem):
        pass  # before the kernel has memory, or with another file's symbols


def symbol_at(address):
    """The function at an address, and how far it is from its start; None: none is known."""
    line = gdb.execute(f"info symbol {address:#x}", to_string=True)
    if " in section .text" not in line:
        return None
    words = line.split(" in section ")[0].split()
    return words[0], int(words[2]) if len(words) == 3 else 0


def location(address):
    """`function+0x12 (file:line)` as far as it is known."""
    found = symbol_at(address)
    if found is None:
        return "?"
    name = f"{found[0]}+{found[1]:#x}"
    found = gdb.find_pc_line(address)
    if found.symtab and found.line:
        name += f" ({found.symtab.filename.rpartition('../')[2]}:{found.line})"
    return name


# --- what threads do ------------------------------------------------------------------------------

def method_name(number):
    """As the interfaces call it."""
    if not METHODS:
        for path in (BUILD / "include" / "idl").glob("*.json"):
            for protocol in json.loads(path.read_text())["declarations"]:
                for method in protocol.get("methods", []):
                    if "number" in method:
                        METHODS[method["number"]] = f"{protocol['name']}.{method['name']}"
    return METHODS.get(number, f"{number:#x}")


METHODS = {}


def call_text(thread, verb):
    session = thread["session"].dereference()
    port = session["port"].dereference()
    header = int(thread["call_header"])
    whom = "?"
    if verb == "answer":
        owner = thread["call_slot"].dereference()["owner"]
        whom = name_of(owner.dereference()) if int(owner) else "?"
    else:
        for server in each(port["threads"], "thread", "port_link"):
            whom = name_of(server["process"].dereference())
            break
    return f"for {whom} to {verb} its call {method_name(header & 0xffffffff)}, port {koid(port)}"


def thread_text(thread):
    """What it does or waits for."""
    flags = int(thread["flags"])
    for bit, word in THREAD_FLAGS:
        if flags & bit:
            return word
    if not flags & 4:
        return "not started"
    if int(thread["wait"]) & WAITING:
        state = int(thread["wait_ops"].dereference()["state"])
        word = enum_words("thread_state", "THREAD_STATE_")[state]
        if word == "wait_receive":
            port = thread["port"]
            return f"for a call or notice on port {koid(port.dereference())}"
        if word in ("wait_send", "wait_reply"):
            return call_text(thread, "take" if word == "wait_send" else "answer")
        return word.replace("wait_", "for ")
    return f"runs on CPU {int(thread['cpu'])}" if int(thread["on_cpu"]) else "ready"


def user_registers(thread):
    """rip, rsp and rbp of the program: those that the kernel has kept, or the CPU's if it runs."""
    chosen = gdb.selected_thread()
    for one in gdb.selected_inferior().threads() if int(thread["on_cpu"]) and chosen else []:
        if one.num - 1 == int(thread["cpu"]):
            one.switch()
            frame = gdb.newest_frame()
            found = [int(frame.read_register(name)) & (1 << 64) - 1
                     for name in ("rip", "rsp", "rbp")]
            chosen.switch()
            if found[0] < 1 << 47:
                return found
    return [int(thread["frame"][name]) for name in ("rip", "rsp", "rbp")]


class Stack:
    """A program's stack. Most functions have a frame pointer. Calls of the kernel have the second
    word of a message in its place, and the code made from interfaces has none: there what was
    pushed is searched for a return address, and for the frame pointer of who called."""

    def __init__(self, process):
        self.process = process

    def words(self, address, count):
        data = read_user(self.process, address, 8 * count) if address % 8 == 0 else None
        return struct.unpack(f"<{count}Q", data) if data else ()

    def is_return(self, address):
        """Whether a call stands in front of what is there."""
        code = read_user(self.process, address - 7, 7) if address > PAGE else None
        if code is None or symbol_at(address) is None:
            return False
        return code[2] == 0xe8 or any(code[at] == 0xff and code[at + 1] & 0x38 == 0x10
                                      for at in (1, 3, 4, 5))

    def is_frame(self, address, above):
        pair = self.words(address, 2) if above <= address < above + FRAME_MAX else ()
        return bool(pair) and self.is_return(pair[1])

    def has_frame(self, address):
        """Whether the function there begins with making one."""
        name, offset = symbol_at(address) or (None, 0)
        return name is not None and offset > 3 and \
            read_user(self.process, address - offset, 4) == PROLOGUE

    def search(self, rsp, rbp):
        """The next return address above rsp, where it stands, and the frame pointer there."""
        below = []
        for at in range(rsp, rsp + 8 * SEARCH_WORDS, 8):
            word = self.words(at, 1)
            if not word:
                break
            if self.is_return(word[0]):
                frames = [one for one in (rbp, *reversed(below)) if self.is_frame(one, at + 8)]
                return word[0], at, frames[0] if frames else 0
            below.append(word[0])
        return 0, 0, 0

    def addresses(self, rip, rsp, rbp):
        """Where it is, and to which addresses the functions return, the innermost first; and
        whether that is certain: what was found by search may be of a call that is over."""
        found = []
        is_certain = True
        while rip and len(found) < FRAMES_MAX:
            found.append((rip, is_certain))
            if self.has_frame(rip) and self.is_frame(rbp, rsp):
                rsp = rbp + 16
                rbp, rip = self.words(rbp, 2)
                is_certain = True
            else:
                is_certain = location(rip).rpartition(":")[0].endswith(".S")  # it pushes all it has
                rip, at, rbp = self.search(rsp, rbp)
                rsp = at + 8
        return found


# --- commands -------------------------------------------------------------------------------------

class Quay(gdb.Command):
    """What runs in the Quay that gdb is connected to."""

    def __init__(self):
        super().__init__("quay", gdb.COMMAND_DATA, prefix=True)


class Command(gdb.Command):
    """One of them; the class's documentation is its help."""
    arguments = (0, 0)

    def __init__(self):
        super().__init__("quay " + type(self).__name__.lower(), gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if not self.arguments[0] <= len(words) <= self.arguments[1]:
            raise Problem("usage: " + self.__doc__.splitlines()[0])
        try:
            self.run(*words)
        except gdb.MemoryError as error:
            raise Problem(f"{error}: not a running kernel, or not the one of these symbols") \
                from None

    def run(self, *words):
        raise NotImplementedError


class Attach(Command):
    """quay attach [HOST:PORT|PATH]
Connects to QEMU's gdb server, that of tools/run --gdb without an argument."""
    arguments = (0, 1)

    def run(self, address=ADDRESS):
        gdb.execute(f"target remote {address}")


class Processes(Command):
    """quay processes
Lists the processes: id, job, threads, handles, memory, name."""

    def run(self):
        states = enum_words("process_state", "PROCESS_")
        print("    id    job  threads  handles   memory  state    name")
        for process in processes():
            kib = int(process["aspace"]["present_pages"]) * PAGE // 1024 if \
                int(process["aspace"]) else 0
            print(f"{koid(process):6} {koid(process['job'].dereference()):6}"
                  f" {int(process['thread_count']):8} {int(process['table']['live_count']):8}"
                  f" {kib:5} KiB  {states[int(process['state'])]:8} {name_of(process)}")


class Threads(Command):
    """quay threads [PROCESS]
Lists the threads of a process (its id or name), or all: id, priority, what each waits for."""
    arguments = (0, 1)

    def run(self, word=None):
        print("    id  priority  process       does, or waits")
        for process in [find_process(word)] if word else processes():
            for thread in threads(process):
                print(f"{koid(thread):6} {int(thread['priority']):9}  {name_of(process):12.24} "
                      f" {thread_text(thread)}")


class Handles(Command):
    """quay handles PROCESS
Lists the handles of a process: value, type, id of the object, rights."""
    arguments = (1, 1)

    def run(self, word):
        print("              value  type              object      rights")
        for entry in handles(find_process(word)):
            number = int(entry["object"].dereference()["koid"])
            print(f"{int(entry['value']):#19x}  {type_of(entry):16} {number:7} "
                  f" {int(entry['rights']):#10x}")


class Ports(Command):
    """quay ports
Lists the ports: id, threads that receive, calls that are queued, calls not answered, who serves
it."""

    def run(self):
        print("    id  receiving  queued  in hand  served by")
        for number, port in sorted(ports().items()):
            bound = list(each(port["threads"], "thread", "port_link"))
            receiving = sum(1 for thread in bound if int(thread["wait"]) & WAITING and
                            "for a call" in thread_text(thread))
            queued = sum(1 for _ in each(port["callers"]["nodes"], "thread", "call_link", "link"))
            in_hand = sum(1 for index in range(int(port["slots_made"]))
                          if int(port["slots"][index]["session"]) != 0)
            names = sorted({name_of(thread["process"].dereference()) for thread in bound})
            print(f"{number:6} {receiving:10} {queued:7} {in_hand:8}  {', '.join(names) or '-'}")


class Symbols(Command):
    """quay symbols PROCESS
Loads the symbols of what a process runs, in the place of those of another one."""
    arguments = (1, 1)

    def run(self, word):
        process = find_process(word)
        path = symbols_load(process)
        if path is None:
            raise Problem(f"{word}: no file of build/ is what it runs")
        print(f"{name_of(process)}: {path.relative_to(ROOT)}")


class Backtrace(Command):
    """quay backtrace THREAD|PROCESS
Loads the symbols of its process and shows where in the program a thread is, or all are."""
    arguments = (1, 1)

    def run(self, word):
        for thread in find_threads(word):
            self.show(thread)

    @staticmethod
    def show(thread):
        process = thread["process"].dereference()
        symbols_load(process)
        print(f"{name_of(process)}, thread {koid(thread)}: {thread_text(thread)}")
        stack = Stack(process).addresses(*user_registers(thread))
        for index, (address, is_certain) in enumerate(stack):
            # Of a call the line is that of the instruction before the address.
            place = location(address - (index > 0))
            print(f"#{index}  {address:#018x} {place}{'' if is_certain else ', perhaps'}")


def main():
    gdb.execute("set confirm off")
    gdb.execute("set pagination off")
    if not gdb.objfiles():
        kernel = BUILD / "kernel.elf"
        if kernel.exists():
            gdb.execute(f"file {kernel}", to_string=True)
        else:
            print(f"quay: {kernel} is not built", file=sys.stderr)
    layer_load()
    Quay()
    for command in (Attach, Processes, Threads, Handles, Ports, Symbols, Backtrace):
        command()
    gdb.events.stop.connect(stopped)


main()
