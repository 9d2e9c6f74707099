/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "memory.h"
#include "variable.h"

struct known_program {
    struct known_program *next;
    char *name;
    char *path;
};

static struct known_program *known;

static enum path_result check(const char *path, bool executable)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        return errno == EACCES ? PATH_DENIED : PATH_MISSING;
    }
    if (!S_ISREG(status.st_mode) || access(path, executable ? X_OK : R_OK) != 0) {
        return PATH_DENIED;
    }
    return PATH_FOUND;
}

enum path_result path_search(const char *name, const char *directories, bool executable,
                             char **ret_path)
{
    enum path_result result = PATH_MISSING;

    while (directories) {
        size_t length = strcspn(directories, ":");
        struct buffer path = {0};
        enum path_result found;

        if (length) {
            buffer_append(&path, directories, length);
            buffer_add(&path, '/');
        }
        buffer_append_text(&path, name);
        found = check(buffer_text(&path), executable);
        if (found == PATH_FOUND) {
            *ret_path = buffer_take(&path);
            return found;
        }
        result = found == PATH_DENIED ? found : result;
        buffer_fini(&path);
        directories = directories[length] ? directories + length + 1 : NULL;
    }
    return result;
}

enum path_result path_find(const char *name, const char **ret_path)
{
    struct known_program *program;
    enum path_result result;
    char *path;

    if (strchr(name, '/')) {
        *ret_path = name;
        return check(name, true);
    }
    for (program = known; program; program = program->next) {
        if (strcmp(program->name, name) == 0) {
            *ret_path = program->path;
            return PATH_FOUND;
        }
    }
    result = path_search(name, variable_get("PATH"), true, &path);
    if (result == PATH_FOUND) {
        program = memory_get(sizeof(*program));
        *program = (struct known_program){.next = known, .name = text_copy(name), .path = path};
        known = program;
        *ret_path = path;
    }
    return result;
}

void path_forget(void)
{
    while (known) {
        struct known_program *program = known;

        known = program->next;
        free(program->name);
        free(program->path);
        free(program);
    }
}

void path_each(void (*visit)(const char *path))
{
    for (const struct known_program *program = known; program; program = program->next) {
        visit(program->path);
    }
}
