/* SPDX-License-Identifier: MIT */
/*
 * A dissector in Lua for Wireshark. A packet, of a pcapng file with link type USER0 (147), is
 *
 *   "QYIP" | u8 direction (0 call, 1 answer, 2 event, 3 no answer)
 *          | u8 lengths of three names | protocol, who sent it, to whom
 *          | u32 frame of the answer or call, or 0 | u64 flow | u64 koid of the thread that called
 *          | u64 nanoseconds that the call took | u64 message header | u32 method of the call
 *          | payload
 *
 * with the protocol's full name ("quay.serial.serial"). Every protocol's script adds itself to two
 * tables, and whichever comes first registers the dissector, which walks along the types:
 *
 *   show[kind](tree, label, buffer, at, type)   one value at a place in a fixed layout
 *   message(tree, buffer, at, finish, fields)   a fixed part and its tail
 */
#include "describe.h"
#include "layout.h"
#include "outputs.h"

static const char prelude[] =
    "-- Made by idl: a change here is lost.\n"
    "quay_protocols = quay_protocols or {}\n"
    "quay_types = quay_types or {}\n"
    "if not quay_dissector then\n"
    "  quay_dissector = Proto('quay', 'Quay IPC')\n"
    "  local show = {}\n"
    "  local function value(tree, label, buffer, at, type)\n"
    "    if type.name then type = quay_types[type.name] end\n"
    "    if at + type.size > buffer:len() then\n"
    "      tree:add(label .. ': cut off')\n"
    "    else\n"
    "      show[type.kind](tree, label, buffer, at, type)\n"
    "    end\n"
    "  end\n"
    "  local function number(range, is_signed)\n"
    "    if range:len() == 8 then\n"
    "      return tostring(is_signed and range:le_int64() or range:le_uint64())\n"
    "    end\n"
    "    return tostring(is_signed and range:le_int() or range:le_uint())\n"
    "  end\n"
    "  local function elements(tree, label, buffer, at, type, count)\n"
    "    local element = type.element\n"
    "    if element.name then element = quay_types[element.name] end\n"
    "    local size = count * element.size\n"
    "    if at + size > buffer:len() then size = buffer:len() - at end\n"
    "    if size <= 0 then\n"
    "      tree:add(label .. (count > 0 and ': cut off' or ': none'))\n"
    "    elseif element.kind == 'u' and element.size == 1 then\n"
    "      local text = buffer(at, size):raw()\n"
    "      local shown = text:find('[^\\n\\32-\\126]') and buffer(at, size):bytes():tohex() or\n"
    "        '\"' .. text:gsub('\\n', '\\\\n') .. '\"'\n"
    "      tree:add(buffer(at, size), label .. ': ' .. shown)\n"
    "    else\n"
    "      local top = tree:add(buffer(at, size), label .. ': ' .. count .. ' elements')\n"
    "      for i = 0, count - 1 do\n"
    "        if at + i * element.size >= buffer:len() then break end\n"
    "        value(top, '[' .. i .. ']', buffer, at + i * element.size, element)\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "  function show.u(tree, label, buffer, at, type)\n"
    "    tree:add(buffer(at, type.size), label .. ': ' .. number(buffer(at, type.size), false))\n"
    "  end\n"
    "  function show.i(tree, label, buffer, at, type)\n"
    "    tree:add(buffer(at, type.size), label .. ': ' .. number(buffer(at, type.size), true))\n"
    "  end\n"
    "  function show.bool(tree, label, buffer, at)\n"
    "    local names = {[0] = 'false', [1] = 'true'}\n"
    "    local byte = buffer(at, 1):uint()\n"
    "    tree:add(buffer(at, 1), label .. ': ' .. (names[byte] or byte))\n"
    "  end\n"
    "  function show.enum(tree, label, buffer, at, type)\n"
    "    local text = number(buffer(at, type.size), type.is_signed)\n"
    "    tree:add(buffer(at, type.size), label .. ': ' .. (type.members[text] or text))\n"
    "  end\n"
    "  function show.bits(tree, label, buffer, at, type)\n"
    "    local range, words = buffer(at, type.size), {}\n"
    "    local low = range:len() == 8 and range(0, 4):le_uint() or range:le_uint()\n"
    "    local high = range:len() == 8 and range(4, 4):le_uint() or 0\n"
    "    for _, member in ipairs(type.members) do\n"
    "      local has_low = bit.band(low, member.low) == member.low\n"
    "      local has_high = bit.band(high, member.high) == member.high\n"
    "      if has_low and has_high then words[#words + 1] = member[1] end\n"
    "    end\n"
    "    local text = #words > 0 and table.concat(words, ' | ') or number(range, false)\n"
    "    tree:add(range, label .. ': ' .. text)\n"
    "  end\n"
    "  function show.struct(tree, label, buffer, at, type)\n"
    "    local top = tree:add(buffer(at, type.size), label)\n"
    "    for _, field in ipairs(type.members) do\n"
    "      value(top, field[1], buffer, at + field.at, field.type)\n"
    "    end\n"
    "  end\n"
    "  function show.union(tree, label, buffer, at, type)\n"
    "    local tag = buffer(at, 4):le_uint()\n"
    "    local member = type.members[tag]\n"
    "    local top = tree:add(buffer(at, type.size), label)\n"
    "    if member then\n"
    "      value(top, member[1], buffer, at + 8, member.type)\n"
    "    else\n"
    "      top:add(buffer(at, 4), 'member ' .. tag .. ' of a newer version')\n"
    "    end\n"
    "  end\n"
    "  function show.string(tree, label, buffer, at, type)\n"
    "    tree:add(buffer(at, type.size), label .. ': ' .. buffer(at, "
    "type.size):stringz(ENC_UTF_8))\n"
    "  end\n"
    "  function show.array(tree, label, buffer, at, type)\n"
    "    elements(tree, label, buffer, at, type, type.count)\n"
    "  end\n"
    "  function show.vector(tree, label, buffer, at, type)\n"
    "    local count = math.min(buffer(at + type.size - 4, 4):le_uint(), type.count)\n"
    "    elements(tree, label, buffer, at, type, count)\n"
    "  end\n"
    "  function show.optional(tree, label, buffer, at, type)\n"
    "    if buffer(at + type.has, 1):uint() == 0 then\n"
    "      tree:add(buffer(at, type.size), label .. ': not there')\n"
    "    else\n"
    "      value(tree, label, buffer, at, type.element)\n"
    "    end\n"
    "  end\n"
    "  local function table_show(tree, label, buffer, at, size, type)\n"
    "    if type.name then type = quay_types[type.name] end\n"
    "    local top = size > 0 and tree:add(buffer(at, size), label) or tree:add(label .. ': "
    "empty')\n"
    "    local finish = at + size\n"
    "    while at + 4 <= finish do\n"
    "      local ordinal, length = buffer(at, 2):le_uint(), buffer(at + 2, 2):le_uint()\n"
    "      local field = type.members[ordinal]\n"
    "      if field then\n"
    "        value(top, field[1], buffer, at + 4, field.type)\n"
    "      else\n"
    "        top:add(buffer(at, 4), 'field ' .. ordinal .. ' of a newer version')\n"
    "      end\n"
    "      at = at + 4 + length\n"
    "    end\n"
    "  end\n"
    "  local function tail_show(tree, label, buffer, at, count, type)\n"
    "    if type.kind == 'vector' then\n"
    "      local element = type.element\n"
    "      if element.name then element = quay_types[element.name] end\n"
    "      elements(tree, label, buffer, at, type, count)\n"
    "      return count * element.size\n"
    "    end\n"
    "    local size = math.min(count, buffer:len() - at)\n"
    "    if type.kind ~= 'string' then\n"
    "      table_show(tree, label, buffer, at, size, type)\n"
    "    elseif size > 0 then\n"
    "      tree:add(buffer(at, size), label .. ': ' .. buffer(at, size):string(ENC_UTF_8))\n"
    "    else\n"
    "      tree:add(label .. (count > 0 and ': cut off' or ': empty'))\n"
    "    end\n"
    "    return count\n"
    "  end\n"
    "  local function message(tree, buffer, at, shape)\n"
    "    local tail = at + shape.size\n"
    "    if tail > buffer:len() then\n"
    "      tree:add('cut off')\n"
    "      return\n"
    "    end\n"
    "    for _, field in ipairs(shape) do\n"
    "      if field.has and buffer(at + field.has, 1):uint() == 0 then\n"
    "        tree:add(field[1] .. ': not there')\n"
    "      elseif field.beside then\n"
    "        tree:add(field[1] .. ': ' .. field.beside)\n"
    "      elseif field.count then\n"
    "        local count = buffer(at + field.count, 2):le_uint()\n"
    "        tail = tail + tail_show(tree, field[1], buffer, tail, count, field.type)\n"
    "      else\n"
    "        value(tree, field[1], buffer, at + field.at, field.type)\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "  local fields = {\n"
    "    protocol = ProtoField.string('quay.protocol', 'Protocol'),\n"
    "    method = ProtoField.string('quay.method', 'Method'),\n"
    "    source = ProtoField.string('quay.source', 'From'),\n"
    "    target = ProtoField.string('quay.target', 'To'),\n"
    "    flow = ProtoField.uint64('quay.flow', 'Flow', base.HEX),\n"
    "    thread = ProtoField.uint64('quay.thread', 'Calling thread'),\n"
    "    answer = ProtoField.framenum('quay.answer_in', 'Answer in', base.NONE, "
    "frametype.RESPONSE),\n"
    "    call = ProtoField.framenum('quay.call_in', 'Call in', base.NONE, frametype.REQUEST),\n"
    "    took = ProtoField.double('quay.took', 'Microseconds'),\n"
    "    error = ProtoField.string('quay.error', 'Error'),\n"
    "  }\n"
    "  quay_dissector.fields = fields\n"
    "  local directions = {[0] = 'call', [1] = 'answer', [2] = 'event', [3] = 'no answer'}\n"
    "  local head_size = 40\n"
    "  function quay_dissector.dissector(buffer, packet, tree)\n"
    "    if buffer:len() < 8 or buffer(0, 4):string() ~= 'QYIP' then return 0 end\n"
    "    local direction, names, at = buffer(4, 1):uint(), {}, 8\n"
    "    for i = 1, 3 do\n"
    "      local length = buffer(4 + i, 1):uint()\n"
    "      if at + length > buffer:len() then return 0 end\n"
    "      names[i] = length > 0 and buffer(at, length):string() or '?'\n"
    "      at = at + length\n"
    "    end\n"
    "    if at + head_size > buffer:len() then return 0 end\n"
    "    local partner = buffer(at, 4)\n"
    "    local status, number = buffer(at + 28, 4), buffer(at + 36, 4):le_uint()\n"
    "    local protocol = quay_protocols[names[1]]\n"
    "    local method = protocol and protocol[number]\n"
    "    local name = method and method.name or string.format('0x%x', number)\n"
    "    local what = names[1] .. '.' .. name .. ' ' .. (directions[direction] or '?')\n"
    "    packet.cols.protocol = 'QUAY'\n"
    "    packet.cols.src = names[2]\n"
    "    packet.cols.dst = names[3]\n"
    "    local short = what:match('[^.]*%.[^.]*$')\n"
    "    packet.cols.info = short\n"
    "    local top = tree:add(quay_dissector, buffer(), what)\n"
    "    top:add(fields.protocol, names[1])\n"
    "    top:add(fields.method, name)\n"
    "    top:add(fields.source, names[2])\n"
    "    top:add(fields.target, names[3])\n"
    "    top:add_le(fields.flow, buffer(at + 4, 8))\n"
    "    top:add_le(fields.thread, buffer(at + 12, 8))\n"
    "    if partner:le_uint() ~= 0 then\n"
    "      top:add(direction == 0 and fields.answer or fields.call, partner:le_uint())\n"
    "    end\n"
    "    if direction == 1 or direction == 3 then\n"
    "      top:add(fields.took, buffer(at + 20, 8):le_uint64():tonumber() / 1000)\n"
    "    end\n"
    "    if (direction == 1 or direction == 3) and status:le_uint() ~= 0 then\n"
    "      local code = math.abs(status:le_int())\n"
    "      local error = method and method.errors[code] or (quay_errors or {})[code] or code\n"
    "      top:add(fields.error, status, tostring(error))\n"
    "      packet.cols.info = short .. ': ' .. error\n"
    "    elseif method and direction ~= 3 then\n"
    "      message(top, buffer, at + head_size, direction == 1 and method.reply or "
    "method.request)\n"
    "    end\n"
    "    return buffer:len()\n"
    "  end\n"
    "  DissectorTable.get('wtap_encap'):add(wtap.USER0, quay_dissector)\n"
    "end\n";

static void type_write(struct text *text, const struct type *type)
{
    static const char *const kinds[] = {
        [TYPE_BOOL] = "bool",
        [TYPE_U8] = "u",
        [TYPE_U16] = "u",
        [TYPE_U32] = "u",
        [TYPE_U64] = "u",
        [TYPE_I8] = "i",
        [TYPE_I16] = "i",
        [TYPE_I32] = "i",
        [TYPE_I64] = "i",
        [TYPE_ARRAY] = "array",
        [TYPE_VECTOR] = "vector",
        [TYPE_STRING] = "string",
        [TYPE_OPTIONAL] = "optional",
    };
    if (type->kind == TYPE_NAMED) {
        text_printf(text, "{name = '%s.%s'}", type->decl->library->path.text, type->decl->name);
        return;
    }
    text_printf(text, "{kind = '%s', size = %u", kinds[type->kind], type->size);
    if (type->kind == TYPE_OPTIONAL) {
        text_printf(text, ", has = %u", type->element->size);
    } else if (type->kind == TYPE_ARRAY || type->kind == TYPE_VECTOR) {
        text_printf(text, ", count = %u", type->count);
    }
    if (type->element != NULL) {
        text_printf(text, ", element = ");
        type_write(text, type->element);
    }
    text_printf(text, "}");
}

static void member_write(struct text *text, const struct decl *decl, const struct member *member)
{
    uint64_t value = member->value != NULL ? (uint64_t)member->value->number : 0;
    switch (decl->kind) {
    case DECL_ENUM:
        text_printf(text, "    ['%lld'] = '%s',\n", (long long)value, member->name);
        return;
    case DECL_BITS:
        text_printf(text, "    {'%s', low = 0x%x, high = 0x%x},\n", member->name, (uint32_t)value,
                    (uint32_t)(value >> 32));
        return;
    case DECL_STRUCT:
        text_printf(text, "    {'%s', at = %u, type = ", member->name, member->offset);
        break;
    default:
        text_printf(text, "    [%u] = {'%s', type = ", member->ordinal, member->name);
    }
    type_write(text, member->type);
    text_printf(text, "},\n");
}

static void decl_write(struct text *text, const struct decl *decl)
{
    static const char *const kinds[] = {
        [DECL_ENUM] = "enum",   [DECL_BITS] = "bits",   [DECL_STRUCT] = "struct",
        [DECL_TABLE] = "table", [DECL_UNION] = "union",
    };
    text_printf(text, "quay_types['%s.%s'] = {kind = '%s', size = %u, ", decl->library->path.text,
                decl->name, kinds[decl->kind], decl->size);
    if (decl->kind == DECL_ENUM && decl->type->kind >= TYPE_I8) {
        text_printf(text, "is_signed = true, ");
    }
    text_printf(text, "members = {\n");
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        if (member->name != NULL) {
            member_write(text, decl, member);
        }
    }
    text_printf(text, "}}\n");
}

static const struct slot *slot_of(const struct message *message, const struct member *param,
                                  enum slot_role role)
{
    const struct slot *slot = message->slots;
    while (slot != NULL && (slot->param != param || slot->role != role)) {
        slot = slot->next;
    }
    return slot;
}

static void message_write(struct text *text, const char *key, const struct message *message)
{
    text_printf(text, "    %s = {size = %u,\n", key, message->fixed_size);
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        const struct slot *at = slot_of(message, param, SLOT_VALUE);
        const struct slot *has = slot_of(message, param, SLOT_HAS);
        const struct slot *count = slot_of(message, param, SLOT_COUNT);
        const struct type *bare = type_bare(param->type);
        text_printf(text, "      {'%s'", param->name);
        if (has != NULL) {
            text_printf(text, ", has = %u", has->offset);
        }
        if (at == NULL && count == NULL) {
            text_printf(text, ", beside = '");
            describe_type(text, bare);
            text_printf(text, "'},\n");
            continue;
        }
        text_printf(text, ", %s = %u, type = ", at != NULL ? "at" : "count",
                    at != NULL ? at->offset : count->offset);
        type_write(text, bare);
        text_printf(text, "},\n");
    }
    text_printf(text, "    },\n");
}

static void method_entry(struct text *text, const struct method *method)
{
    text_printf(text, "  [0x%x] = {\n    name = '%s',\n    errors = {", method->number,
                method->name);
    for (const struct member *member = method->error != NULL ? method->error->members : NULL;
         member != NULL; member = member->next) {
        text_printf(text, "[%lld] = '%s', ", (long long)member->value->number, member->name);
    }
    text_printf(text, "},\n");
    message_write(text, "request", &method->request);
    message_write(text, "reply", &method->reply);
    text_printf(text, "  },\n");
}

static void decls_write(struct text *text, const struct library *library)
{
    for (const struct using *using = library->usings; using != NULL; using = using->next) {
        decls_write(text, using->library);
    }
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind != DECL_PROTOCOL && decl->kind != DECL_CONST) {
            decl_write(text, decl);
        }
    }
}

void output_wireshark(struct arena *arena, const struct library *library, struct text *text)
{
    (void)arena;
    text_printf(text, "%s", prelude);
    decls_write(text, library);
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
