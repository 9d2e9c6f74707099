# SPDX-License-Identifier: MIT
"""A trace for Wireshark: every message a packet, as tools/idl/wireshark.c says what is in one, and
the script that shows them, of the dissectors that the build makes (build/include/idl/*.lua)."""
import struct

import trace_file

LINK_TYPE_USER0 = 147
PAYLOAD_MAX = 4096  # IPC_PAYLOAD_MAX of include/abi/quay/abi/ipc.h
CALL, ANSWER, EVENT, FAILURE = range(4)  # the direction


def block(kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def name_bytes(name):
    data = name.encode()[:255]
    return bytes([len(data)]), data


class Packet:
    """Of a call its request and answer know each other; `of` is what both are of."""

    def __init__(self, time, cpu, direction, of, number, status, payload, length, handles=0):
        self.time, self.direction, self.of, self.number = time, direction, of, number
        self.status, self.payload, self.handles = status, payload, handles
        self.length = min(length, PAYLOAD_MAX)
        self.frame = 0

    def data(self, names, partner, flow, thread, took_ns):
        counts, texts = zip(*(name_bytes(name) for name in names))
        first = self.status % 2**32 if self.direction in (ANSWER, FAILURE) else self.number
        return (b"QYIP" + bytes([self.direction]) + b"".join(counts) + b"".join(texts) +
                struct.pack("<IQQQ", partner, flow, thread, took_ns) +
                struct.pack("<IHBBI", first, self.length, self.handles, 0,
                            self.number) + self.payload)


class Capture:
    def __init__(self, trace, protocols):
        self.trace, self.protocols = trace, protocols
        self.packets = []

    def call(self, call):
        if call.sent is not None or call.received is not None:
            self.packets.append(Packet(call.begin, 0, CALL, call, call.method % 2**32, 0,
                                       call.request, call.request_length or 0, call.handles))
        if call.replied is not None:
            self.packets.append(Packet(call.replied, 0, ANSWER, call, call.method % 2**32,
                                       call.status, call.reply, call.reply_length))
        elif call.ended is not None:
            self.packets.append(Packet(call.ended, 0, FAILURE, call, call.method % 2**32,
                                       call.status, b"", 0))

    def events(self, choice):
        for record in self.trace.records:
            if record.kind == trace_file.CHANNEL_SEND and choice.has_time(record.time):
                self.packets.append(Packet(record.time, record.cpu, EVENT, record, record.method, 0,
                                           record.data, record.length, record.handle_count))

    def bytes(self):
        trace, protocols = self.trace, self.protocols
        self.packets.sort(key=lambda packet: packet.time)
        partners = {}
        for frame, packet in enumerate(self.packets, 1):
            packet.frame = frame
            partners.setdefault(id(packet.of), []).append(frame)
        blocks = [block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)),
                  block(1, struct.pack("<HHI", LINK_TYPE_USER0, 0, 0) + option(2, b"Quay IPC") +
                        option(9, b"\x09") + option(0, b""))]
        for packet in self.packets:
            of = packet.of
            partner = next((frame for frame in partners[id(of)] if frame != packet.frame), 0)
            protocol = protocols.protocol_full_name(packet.number)
            if packet.direction == EVENT:
                names = (protocol, trace.process_name(trace.thread_process(of.thread), of.time),
                         f"channel {of.object}")
                data = packet.data(names, 0, of.flow, of.thread, 0)
            else:
                ends = [of.client_name, of.server_name]
                is_call = packet.direction == CALL
                data = packet.data((protocol, *(ends if is_call else ends[::-1])), partner, of.flow,
                                   of.client, 0 if is_call else max(0, packet.time - of.begin))
            self.add(blocks, packet, data)
        return b"".join(blocks)

    def add(self, blocks, packet, data):
        """Captured is less than was sent where the trace has only the beginning of a payload."""
        time = packet.time + (self.trace.wall_ns - self.trace.start_ns if self.trace.wall_ns else 0)
        time %= 2**64
        whole = len(data) + max(0, packet.length - len(packet.payload))
        head = struct.pack("<IIIII", 0, time >> 32, time % 2**32, len(data), whole)
        blocks.append(block(6, head + data))


def pcapng(trace, protocols, choice, calls):
    capture = Capture(trace, protocols)
    for call in calls:
        capture.call(call)
    capture.events(choice)
    return capture.bytes()


def script(folders, errors):
    """One for all protocols, with the names of the errors that are of none."""
    names = "".join(f"  [{number}] = '{name}',\n" for number, name in sorted(errors.items()))
    return f"quay_errors = {{\n{names}}}\n" + "".join(
        path.read_text() for folder in folders for path in sorted(folder.glob("*.lua")))
