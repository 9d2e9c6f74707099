/* SPDX-License-Identifier: MIT */
/*
 * Messages as text, by the tables that `idl tables` makes. Reads lines as `idl vectors` writes
 * them:
 *
 *     PROTOCOL METHOD NUMBER request|reply|event WHAT BYTES ...
 *
 * where PROTOCOL may have its library in front, METHOD is not looked at, and WHAT is a word, or the
 * status of a reply in digits.
 */
#include <quay/interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX   65536
#define TABLES_MAX 64

static struct qy_interface tables[TABLES_MAX];
static uint32_t table_count;

static bool tables_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    uint32_t room = TABLES_MAX * QY_INTERFACE_SIZE_MAX, at = 0;
    uint8_t *bytes = malloc(room); /* the tables refer to it until the end */
    uint32_t size = bytes != NULL ? (uint32_t)fread(bytes, 1, room, file) : 0;
    fclose(file);
    while (table_count < TABLES_MAX && qy_interface_next(&tables[table_count], bytes, size, &at)) {
        table_count++;
    }
    if (at != size || size == 0) {
        fprintf(stderr, "%s: no tables at byte %u\n", path, at);
    }
    return at == size && size > 0;
}

static const struct qy_interface *table_find(const char *name)
{
    const char *dot = strrchr(name, '.');
    name = dot != NULL ? dot + 1 : name;
    for (uint32_t i = 0; i < table_count; i++) {
        if (strcmp(qy_interface_text(&tables[i], tables[i].head->name), name) == 0) {
            return &tables[i];
        }
    }
    return NULL;
}

/* "-": none. Returns how many, or -1. */
static int bytes_parse(const char *hex, uint8_t *ret_bytes)
{
    int count = 0;
    if (strcmp(hex, "-") == 0) {
        return 0;
    }
    for (unsigned byte; *hex != 0; hex += 2) {
        if (count == IPC_PAYLOAD_MAX || sscanf(hex, "%2x", &byte) != 1 || hex[1] == 0) {
            return -1;
        }
        ret_bytes[count++] = (uint8_t)byte;
    }
    return count;
}

static bool line_decode(char *line)
{
    static _Alignas(8) uint8_t bytes[IPC_PAYLOAD_MAX];
    static char decoded[LINE_MAX];
    char *words[6];
    for (int i = 0; i < 6; i++) {
        words[i] = strtok(i == 0 ? line : NULL, " \n");
        if (words[i] == NULL) {
            return false;
        }
    }
    const struct qy_interface *interface = table_find(words[0]);
    int length = bytes_parse(words[5], bytes);
    if (interface == NULL || length < 0) {
        return false;
    }
    struct qy_text text = {.text = decoded, .size = sizeof decoded};
    decoded[0] = 0;
    enum qy_message_kind kind = strcmp(words[3], "reply") == 0   ? QY_REPLY
                                : strcmp(words[3], "event") == 0 ? QY_EVENT
                                                                 : QY_REQUEST;
    (void)qy_message_print(interface, kind, (uint32_t)strtoul(words[2], NULL, 0),
                           (uint32_t)strtoul(words[4], NULL, 10), bytes, (uint32_t)length, &text);
    puts(decoded); /* says itself if it is malformed */
    return true;
}

int main(int count, char **words)
{
    static char line[LINE_MAX];
    if (count < 2 || words[1][0] == '-') {
        fputs("usage: idl-decode TABLES... < LINES\n"
              "LINES: PROTOCOL METHOD NUMBER request|reply|event WORD-OR-STATUS BYTES\n",
              count == 2 ? stdout : stderr);
        return count == 2 ? 0 : 2;
    }
    for (int i = 1; i < count; i++) {
        if (!tables_read(words[i])) {
            return 1;
        }
    }
    int status = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (!line_decode(line)) {
            puts("?");
            status = 1;
        }
    }
    return status;
}
