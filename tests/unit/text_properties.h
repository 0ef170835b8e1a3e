/* What holds for text.h whatever the bytes are.  Used by test_base_text.c with
 * random strings and by fuzz_text.c with a fuzzer's; a broken one aborts. */
#ifndef CT_TEXT_PROPERTIES_H
#define CT_TEXT_PROPERTIES_H

#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"

/* A second opinion on what must never reach a terminal, written by hand and not
 * from text.c's table. */
static bool is_forbidden(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x00, 0x1F},       {0x7F, 0xA0},       {0xAD, 0xAD},       {0x34F, 0x34F},   {0x600, 0x605},
                  {0x61C, 0x61C},     {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x115F, 0x1160}, {0x1680, 0x1680},
                  {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x2000, 0x200F},   {0x2028, 0x202F}, {0x205F, 0x206F},
                  {0x2800, 0x2800},   {0x3000, 0x3000},   {0x3164, 0x3164},   {0xD800, 0xF8FF}, {0xFE00, 0xFE0F},
                  {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3},
                  {0x1D159, 0x1D159}, {0x1D173, 0x1D17A}, {0xE0000, 0x10FFFF}};

    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (cp >= ranges[i].first && cp <= ranges[i].last)
            return true;
    }
    return false;
}

static void check_characters(const char *out, size_t n)
{
    uint32_t cp;
    int length, marks = 0;

    for (size_t i = 0; i < n; i += (size_t)length) {
        length = text_decode(out + i, n - i, &cp);
        ASSERT(length > 0 && !is_forbidden(cp));
        char back[4];
        ASSERT(text_encode(cp, back) == length && memcmp(back, out + i, (size_t)length) == 0);
        marks = text_char_width(cp) == 0 ? marks + 1 : 0;
        ASSERT(marks <= 2 && (i > 0 || marks == 0));
    }
}

/* Where a result may be cut: after the output of each input character or stray byte. */
static size_t next_boundary(const char *bytes, size_t n, size_t *at)
{
    uint32_t cp;
    int length = text_decode(bytes + *at, n - *at, &cp);

    *at += length > 0 ? (size_t)length : 1;
    return text_safe(NULL, 0, bytes, *at);
}

/* Cut at every size: as much as fits, never within a character or a code. */
static void check_cuts(const char *bytes, size_t n, const char *whole, size_t total)
{
    char *cut = mem_new(total + 2);
    size_t fits = 0, at = 0, next = n > 0 ? next_boundary(bytes, n, &at) : 0;

    for (size_t size = 1; size <= total + 1; size++) {
        while (fits < total && next < size) {
            fits = next;
            if (at < n)
                next = next_boundary(bytes, n, &at);
        }
        memset(cut, 'x', total + 2);
        ASSERT(text_safe(cut, size, bytes, n) == total);
        ASSERT(strlen(cut) == fits && memcmp(cut, whole, fits) == 0);
        ASSERT(cut[size] == 'x');
        ASSERT(text_is_safe(cut, fits));
    }
    free(cut);
}

static void check_columns(const char *safe, size_t total)
{
    size_t width = text_width(safe), used;
    char *head = mem_new(total + 1);

    ASSERT(text_fit(safe, width, &used) == total && used == width);
    for (size_t columns = 0; columns <= width; columns++) {
        size_t n = text_fit(safe, columns, &used);
        ASSERT(n <= total && used <= columns && columns - used <= 1);
        memcpy(head, safe, n);
        head[n] = '\0';
        ASSERT(text_is_safe(head, n) && text_width(head) == used);
        uint32_t cp;
        if (n < total)
            ASSERT(text_decode(safe + n, total - n, &cp) > 0 && used + (size_t)text_char_width(cp) > columns);
    }
    free(head);
}

static void check_safe(const char *bytes, size_t n)
{
    size_t total = text_safe(NULL, 0, bytes, n);
    char *safe = mem_new(total + 1), *again = mem_new(total + 1);

    ASSERT(text_safe(safe, total + 1, bytes, n) == total && strlen(safe) == total);
    check_characters(safe, total);
    ASSERT(text_is_safe(safe, total));
    ASSERT(text_is_safe(bytes, n) == (total == n && (n == 0 || memcmp(safe, bytes, n) == 0)));
    ASSERT(text_safe(again, total + 1, safe, total) == total && memcmp(again, safe, total) == 0);
    check_cuts(bytes, n, safe, total);
    check_columns(safe, total);
    free(again);
    free(safe);
}

static void check_name(const char *bytes, size_t n)
{
    size_t total = text_safe_name(NULL, 0, bytes, n);
    char *name = mem_new(total + 1);

    ASSERT(text_safe_name(name, total + 1, bytes, n) == total && strlen(name) == total);
    for (size_t i = 0; i < total; i++)
        ASSERT(name[i] >= 0x20 && name[i] < 0x7F);
    free(name);
}

static void check_mask(const char *bytes, size_t n)
{
    char *line = mem_copy_bytes(bytes, n);
    size_t once = text_mask(line, n);

    ASSERT(once <= n && line[n] == '\0');
    char *again = mem_copy_bytes(line, once);
    ASSERT(text_mask(again, once) == once && (once == 0 || memcmp(again, line, once) == 0));
    free(again);
    free(line);
}

static void text_check_properties(const char *bytes, size_t n)
{
    check_safe(bytes, n);
    check_name(bytes, n);
    check_mask(bytes, n);
}

#endif
