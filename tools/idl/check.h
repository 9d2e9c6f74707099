/* SPDX-License-Identifier: MIT */
/* The rules of the language, but those of the layout. */
#pragma once

#include "ast.h"

/* Reports whatever breaks a rule, and reads the attributes. */
void check_run(struct diagnostics *diagnostics, struct library *library);

/* Of check_names.c: whether the name is lower_snake_case and usable in C and C++. */
void check_name(struct diagnostics *diagnostics, const char *name, struct span where);

/* Of check_attributes.c: the attributes of each kind of place. */
void check_decl_attributes(struct diagnostics *diagnostics, struct decl *decl);
void check_member_attributes(struct diagnostics *diagnostics, const struct decl *decl,
                             struct member *member);
void check_method_attributes(struct diagnostics *diagnostics, const struct decl *decl,
                             struct method *method);
void check_param_attributes(struct diagnostics *diagnostics, struct member *param);

/* Of check_method.c: members of structs, tables and unions, and methods. */
void check_field(struct diagnostics *diagnostics, const struct decl *decl,
                 const struct member *member);
void check_method(struct diagnostics *diagnostics, const struct decl *decl, struct method *method);

/* The attribute of this name, or NULL. */
struct attribute *attribute_find(struct attribute *list, const char *name);
