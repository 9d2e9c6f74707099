/* SPDX-License-Identifier: MIT */
/*
 * A dissector in Lua for Wireshark. A packet, of a pcapng file with link type USER0 (147), is
 *
 *   "QYIP" | u8 direction (0 call, 1 answer, 2 event) | u8 protocol name length | name
 *          | u64 message header | u32 method of the call | payload
 *
 * with the protocol's full name ("quay.serial.serial"). Every protocol's script adds itself to one
 * table, and whichever comes first registers the dissector.
 */
#include "describe.h"
#include "layout.h"
#include "outputs.h"

static const char prelude[] =
    "-- Made by idl: a change here is lost.\n"
    "quay_protocols = quay_protocols or {}\n"
    "if not quay_dissector then\n"
    "  quay_dissector = Proto('quay', 'Quay IPC')\n"
    "  local names = {[0] = 'call', [1] = 'answer', [2] = 'event'}\n"
    "  function quay_dissector.dissector(buffer, packet, tree)\n"
    "    if buffer:len() < 6 or buffer(0, 4):string() ~= 'QYIP' then return 0 end\n"
    "    local direction, length = buffer(4, 1):uint(), buffer(5, 1):uint()\n"
    "    if buffer:len() < 18 + length then return 0 end\n"
    "    local name = buffer(6, length):string()\n"
    "    local at = 6 + length\n"
    "    local status = buffer(at, 4):le_uint()\n"
    "    local size = buffer(at + 4, 2):le_uint()\n"
    "    local ordinal = buffer(at + 8, 4):le_uint()\n"
    "    local protocol = quay_protocols[name]\n"
    "    local method = protocol and protocol[ordinal]\n"
    "    local what = name .. '.' .. (method and method.name or ordinal)\n"
    "    packet.cols.protocol = 'QUAY'\n"
    "    packet.cols.info = what .. ' ' .. (names[direction] or '?')\n"
    "    local top = tree:add(quay_dissector, buffer(), what)\n"
    "    if direction == 1 and status ~= 0 then\n"
    "      top:add(buffer(at, 4), 'error: ' .. (method and method.errors[status] or status))\n"
    "      return buffer:len()\n"
    "    end\n"
    "    local payload = at + 12\n"
    "    if buffer:len() < payload + size then size = buffer:len() - payload end\n"
    "    local fields = method and (direction == 1 and method.reply or method.request) or {}\n"
    "    for _, field in ipairs(fields) do\n"
    "      if field.at + field.size <= size then\n"
    "        local range = buffer(payload + field.at, field.size)\n"
    "        local value = field.size == 8 and range:le_uint64():tonumber()\n"
    "          or field.size <= 4 and field.size ~= 3 and range:le_uint()\n"
    "          or range:bytes():tohex()\n"
    "        top:add(range, field.name .. ' (' .. field.type .. '): ' .. value)\n"
    "      end\n"
    "    end\n"
    "    local fixed = method and (direction == 1 and method.reply_size or method.request_size) or "
    "0\n"
    "    if size > fixed then top:add(buffer(payload + fixed, size - fixed), 'tail') end\n"
    "    return buffer:len()\n"
    "  end\n"
    "  DissectorTable.get('wtap_encap'):add(wtap.USER0, quay_dissector)\n"
    "end\n";

static void fields(struct text *text, const char *key, const struct message *message)
{
    static const char *const marks[] = {
        [SLOT_VALUE] = "", [SLOT_HAS] = "has ", [SLOT_COUNT] = "count of ", [SLOT_RESERVED] = ""};
    text_printf(text, "    %s_size = %u,\n    %s = {\n", key, message->fixed_size, key);
    for (const struct slot *slot = message->slots; slot != NULL; slot = slot->next) {
        text_printf(text, "      {name = '%s%s', at = %u, size = %u, type = '", marks[slot->role],
                    slot->param != NULL ? slot->param->name : "reserved", slot->offset, slot->size);
        if (slot->role == SLOT_VALUE) {
            describe_type(text, slot->param->type);
        } else {
            text_printf(text, "u%u", 8 * slot->size);
        }
        text_printf(text, "'},\n");
    }
    text_printf(text, "    },\n");
}

static void method_entry(struct text *text, const struct method *method)
{
    text_printf(text, "  [%u] = {\n    name = '%s',\n    errors = {", method->ordinal,
                method->name);
    for (const struct member *member = method->error != NULL ? method->error->members : NULL;
         member != NULL; member = member->next) {
        text_printf(text, "[%lld] = '%s', ", (long long)member->value->number, member->name);
    }
    text_printf(text, "},\n");
    fields(text, "request", &method->request);
    fields(text, "reply", &method->reply);
    text_printf(text, "  },\n");
}

void output_wireshark(struct arena *arena, const struct library *library, struct text *text)
{
    (void)arena;
    text_printf(text, "%s", prelude);
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind == DECL_PROTOCOL) {
            text_printf(text, "quay_protocols['%s.%s'] = {\n", library->path.text, decl->name);
            for (const struct method *method = decl->methods; method != NULL;
                 method = method->next) {
                method_entry(text, method);
            }
            text_printf(text, "}\n");
        }
    }
}
