/* SPDX-License-Identifier: MIT */
/*
 * How a parameter looks in C:
 *
 *   type              given                        taken
 *   integer, enum     uint32_t x                   uint32_t *ret_x
 *   struct, union     const struct s *x            struct s *ret_x
 *   array             const uint8_t *x             uint8_t *ret_x
 *   string            const char *x                char *ret_x (its bound and a zero)
 *   vector            const T *x, uint32_t x_count T *ret_x (its bound), uint32_t *ret_x_count
 *   optional          const T *x (NULL: none)      T *ret_x, bool *ret_has_x
 *   handle            handle_t x                   handle_t *ret_x
 *   lease             void *x, uint64_t x_size
 */
#include "c_output.h"
#include "layout.h"

static void parameter(struct c_output *out, const struct member *param, enum side side)
{
    const struct type *bare = type_bare(param->type);
    const char *type = c_type(out, bare);
    bool is_optional = param->type->kind == TYPE_OPTIONAL;
    bool is_vector = bare->kind == TYPE_VECTOR;
    if (bare->kind == TYPE_LEASE && side == SIDE_HANDLER) {
        text_printf(out->text, ", const struct qy_lease *%s", param->name);
    } else if (bare->kind == TYPE_LEASE && side == SIDE_GIVEN) {
        text_printf(out->text, ", %svoid *%s, uint64_t %s_size", bare->is_out ? "" : "const ",
                    param->name, param->name);
    }
    if (bare->kind == TYPE_LEASE) {
        return; /* decode knows nothing of it */
    }
    if (side == SIDE_TAKEN) {
        text_printf(out->text, ", %s *ret_%s", type, param->name);
        if (is_vector) {
            text_printf(out->text, ", uint32_t *ret_%s_count", param->name);
        } else if (is_optional && bare->kind != TYPE_HANDLE) {
            text_printf(out->text, ", bool *ret_has_%s", param->name);
        }
    } else if (bare->kind == TYPE_HANDLE) {
        text_printf(out->text, ", handle_t %s%s", side == SIDE_HANDLER ? "*" : "", param->name);
    } else if (c_is_scalar(bare) && !is_optional) {
        text_printf(out->text, ", %s %s", type, param->name);
    } else {
        text_printf(out->text, ", const %s *%s", type, param->name);
        if (is_vector) {
            text_printf(out->text, ", uint32_t %s_count", param->name);
        }
    }
}

void c_parameters(struct c_output *out, const struct message *message, enum side side)
{
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        parameter(out, param, side);
    }
}

void c_arguments(struct c_output *out, const struct message *message, enum side side)
{
    const char *prefix = side == SIDE_TAKEN ? "ret_" : "";
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        const struct type *bare = type_bare(param->type);
        if (bare->kind == TYPE_LEASE) {
            text_printf(out->text, ", %s, %s_size", param->name, param->name);
            continue;
        }
        text_printf(out->text, ", %s%s", prefix, param->name);
        if (bare->kind == TYPE_VECTOR) {
            text_printf(out->text, ", %s%s_count", prefix, param->name);
        } else if (side == SIDE_TAKEN && bare != param->type && bare->kind != TYPE_HANDLE) {
            text_printf(out->text, ", ret_has_%s", param->name);
        }
    }
}

void c_locals(struct c_output *out, const struct message *message, bool is_answer)
{
    const char *prefix = is_answer ? "ret_" : "";
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        const struct type *bare = type_bare(param->type);
        const char *type = c_type(out, bare);
        bool is_array = bare->kind == TYPE_ARRAY || bare->kind == TYPE_VECTOR;
        if (bare->kind == TYPE_LEASE) {
            text_printf(out->text, "    struct qy_lease %s;\n", param->name);
            continue;
        }
        text_printf(out->text, "    %s %s%s", type, prefix, param->name);
        if (bare->kind == TYPE_STRING) {
            text_printf(out->text, "[%u + 1]", bare->count);
        } else if (is_array) {
            text_printf(out->text, "[%u]", bare->count);
        }
        if (bare->kind == TYPE_HANDLE) {
            text_printf(out->text, " = HANDLE_INVALID");
        } else if (is_answer && bare->kind == TYPE_STRING) {
            text_printf(out->text, " = \"\"");
        } else if (is_answer && bare->kind != TYPE_VECTOR) {
            text_printf(out->text, c_is_scalar(bare) ? " = 0" : " = {0}");
        }
        text_printf(out->text, ";\n");
        if (bare->kind == TYPE_VECTOR) {
            text_printf(out->text, "    uint32_t %s%s_count%s;\n", prefix, param->name,
                        is_answer ? " = 0" : "");
        } else if (bare != param->type && bare->kind != TYPE_HANDLE) {
            text_printf(out->text, "    bool %shas_%s%s;\n", prefix, param->name,
                        is_answer ? " = false" : "");
        }
    }
}

void c_local_addresses(struct c_output *out, const struct message *message, bool is_answer)
{
    const char *prefix = is_answer ? "ret_" : "";
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        const struct type *bare = type_bare(param->type);
        bool decays =
            bare->kind == TYPE_ARRAY || bare->kind == TYPE_VECTOR || bare->kind == TYPE_STRING;
        if (bare->kind == TYPE_LEASE) {
            continue;
        }
        text_printf(out->text, ", %s%s%s", decays ? "" : "&", prefix, param->name);
        if (bare->kind == TYPE_VECTOR) {
            text_printf(out->text, ", &%s%s_count", prefix, param->name);
        } else if (bare != param->type && bare->kind != TYPE_HANDLE) {
            text_printf(out->text, ", &%shas_%s", prefix, param->name);
        }
    }
}

void c_local_values(struct c_output *out, const struct message *message, bool is_answer)
{
    const char *prefix = is_answer ? "ret_" : "";
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        const struct type *bare = type_bare(param->type);
        bool decays =
            bare->kind == TYPE_ARRAY || bare->kind == TYPE_VECTOR || bare->kind == TYPE_STRING;
        if (bare->kind == TYPE_LEASE) {
            text_printf(out->text, ", &%s", param->name);
            continue;
        }
        if (bare->kind == TYPE_HANDLE) {
            text_printf(out->text, ", %s%s%s", is_answer ? "" : "&", prefix, param->name);
        } else if (bare != param->type) {
            text_printf(out->text, ", %shas_%s ? %s%s%s : NULL", prefix, param->name,
                        decays ? "" : "&", prefix, param->name);
        } else {
            bool by_value = decays || c_is_scalar(bare);
            text_printf(out->text, ", %s%s%s", by_value ? "" : "&", prefix, param->name);
        }
        if (bare->kind == TYPE_VECTOR) {
            text_printf(out->text, ", %s%s_count", prefix, param->name);
        }
    }
}
