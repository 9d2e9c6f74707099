/* SPDX-License-Identifier: MIT */
#include "line.h"
#include <quay/message.h>
#include <quay/text.h>
#include <quay/abi/system_info.h>

static bool is_control(char c)
{
    return (uint8_t)c < ' ' || c == 0x7f;
}

bool line_valid(const char *text)
{
    for (size_t i = 0; text[i] != 0; i++) {
        if (is_control(text[i])) {
            return false;
        }
    }
    return text[0] != 0;
}

void line_clear(struct line_buffer *buffer)
{
    buffer->length = 0;
    buffer->cpu = 0;
    buffer->text[0] = 0;
}

uint32_t line_cpu(const struct line_buffer *buffer)
{
    return buffer->cpu >= '0' ? buffer->cpu - (uint32_t)'0' : QY_LOG_CPU_UNKNOWN;
}

/* Whether the byte belongs to a mark. That of a line is the first. */
static bool mark_take(struct line_buffer *buffer, uint8_t byte)
{
    if (buffer->is_marked) {
        buffer->is_marked = false;
        buffer->cpu = buffer->length == 0 ? byte : buffer->cpu;
        return true;
    }
    buffer->is_marked = byte == LOG_MARK;
    return buffer->is_marked;
}

/* Ends the line with a zero, and makes text of it. */
static void line_end(struct line_buffer *buffer)
{
    buffer->text[buffer->length] = 0;
    if (qy_utf8_valid(buffer->text, buffer->length)) {
        return;
    }
    for (uint32_t i = 0; i < buffer->length; i++) {
        if ((buffer->text[i] & 0x80) != 0) {
            buffer->text[i] = '?';
        }
    }
}

uint32_t line_take(struct line_buffer *buffer, const uint8_t *bytes, uint32_t count,
                   bool *ret_is_complete)
{
    for (uint32_t i = 0; i < count; i++) {
        if (mark_take(buffer, bytes[i])) {
            continue;
        }
        if (bytes[i] == '\n') {
            line_end(buffer);
            *ret_is_complete = true;
            return i + 1;
        }
        char c = (char)bytes[i];
        if (buffer->length < QY_LOG_TEXT_MAX && c != '\r') {
            buffer->text[buffer->length++] = c == '\t' ? ' ' : is_control(c) ? '?' : c;
        }
    }
    *ret_is_complete = false;
    return count;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number at *text, behind spaces; *text is then behind it. */
static bool number_take(const char **text, uint64_t *ret_number)
{
    const char *at = *text;
    uint64_t number = 0;
    while (*at == ' ') {
        at++;
    }
    bool is_number = is_digit(*at);
    for (int i = 0; i < 12 && is_digit(*at); i++) {
        number = number * 10 + (uint64_t)(*at++ - '0');
    }
    *text = at;
    *ret_number = number;
    return is_number;
}

/* "[seconds.micros] ", as the kernel writes it. */
static bool time_take(const char **text, int64_t *ret_time_ns)
{
    const char *at = *text;
    uint64_t seconds, micros;
    if (*at++ != '[' || !number_take(&at, &seconds) || *at++ != '.' || !is_digit(*at) ||
        !number_take(&at, &micros) || *at++ != ']' || *at++ != ' ' || micros > 999999) {
        return false;
    }
    *ret_time_ns = (int64_t)(seconds % 9000000000u) * 1000000000 + (int64_t)micros * 1000;
    *text = at;
    return true;
}

static bool word_take(const char **text, const char *word)
{
    size_t length = strlen(word);
    if (qy_strnlen(*text, length) < length || memcmp(*text, word, length) != 0) {
        return false;
    }
    *text += length;
    return true;
}

static qy_log_level_t level_take(const char **text)
{
    const char *start = *text;
    if (word_take(text, "error: ") || word_take(text, "KERNEL PANIC")) {
        *text = word_take(&start, "error: ") ? *text : start;
        return QY_LOG_LEVEL_ERROR;
    }
    return word_take(text, "warning: ") ? QY_LOG_LEVEL_WARNING : QY_LOG_LEVEL_INFO;
}

static bool is_name(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '.';
}

/* "name: " of a program. */
static bool program_take(const char **text, char *ret_program, size_t size)
{
    size_t length = 0;
    while (is_name((*text)[length])) {
        length++;
    }
    if (length == 0 || length >= size || (*text)[length] != ':' || (*text)[length + 1] != ' ') {
        return false;
    }
    memcpy(ret_program, *text, length);
    ret_program[length] = 0;
    *text += length + 2;
    return true;
}

const char *line_parse(const char *line, int64_t now, struct qy_log_line *ret_line)
{
    *ret_line = (struct qy_log_line){.time_ns = now, .cpu = QY_LOG_CPU_UNKNOWN};
    if (time_take(&line, &ret_line->time_ns)) {
        (void)qy_strlcpy(ret_line->program, "kernel", sizeof ret_line->program); /* it fits */
    } else {
        (void)program_take(&line, ret_line->program, sizeof ret_line->program); /* or none */
    }
    ret_line->level = level_take(&line);
    return line;
}
