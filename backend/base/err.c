#include "backend/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

static const struct {
    const char *name, *words;
} rows[ERR_COUNT] = {
#define ERR(id, text) [ERR_##id] = {.name = #id, .words = text},
#include "backend/base/err.def"
#undef ERR
};

/* Codes also come back from disk and over queues: a stray number gets words too. */
static bool is_row(enum err code)
{
    return (unsigned)code < ERR_COUNT;
}

const char *err_words(enum err code)
{
    return is_row(code) ? rows[code].words : "unknown error";
}

const char *err_name(enum err code)
{
    return is_row(code) ? rows[code].name : "UNKNOWN";
}

enum err why_set(struct why *why, enum err code, const char *fmt, ...)
{
    char raw[2 * sizeof(why->text)] = "";
    va_list args;

    if (!why)
        return code;
    if (fmt) {
        va_start(args, fmt);
        (void)vsnprintf(raw, sizeof(raw), fmt, args); /* safe text is never shorter than raw: the cut is below */
        va_end(args);
    }
    /* Only now: an argument may have been the old why's text. */
    *why = (struct why){.code = code};
    (void)text_safe(why->text, sizeof(why->text), raw, strlen(raw));
    return code;
}

const char *why_line(const struct why *why, char *out, size_t size)
{
    bool has_call = why->call[0] != '\0', has_text = why->text[0] != '\0';

    (void)str_fmt(out, size, "%s%s%s%s%s", why->call, has_call ? ": " : "", err_words(why->code), has_text ? ": " : "",
                  why->text);
    return out;
}
