#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/unit/text_properties.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static void expect_safe(const char *bytes, size_t n, const char *expected)
{
    char out[256];

    assert_int_equal(text_safe(out, sizeof(out), bytes, n), strlen(expected));
    assert_string_equal(out, expected);
    assert_int_equal(text_is_safe(bytes, n), n == strlen(expected) && memcmp(bytes, expected, n) == 0);
}

static void text_safe__leaves__what_may_be_drawn(void **state)
{
    (void)state;
    expect_safe(BYTES(""), "");
    expect_safe(BYTES("plain ~ text \\x41"), "plain ~ text \\x41");
    expect_safe(BYTES("Grüße 日本語 🔑 Ωм"), "Grüße 日本語 🔑 Ωм");
    expect_safe(BYTES("e\u0301 x\u0301\u0302"), "e\u0301 x\u0301\u0302");
    expect_safe(BYTES("\u1112\u1161\u11ab"), "\u1112\u1161\u11ab"); /* one Korean syllable in three parts */
    expect_safe(BYTES("\uFFFD"), "\uFFFD");
}

static void text_safe__codes__controls(void **state)
{
    (void)state;
    expect_safe(BYTES("a\tb\nc\rd"), "a\\tb\\nc\\rd");
    expect_safe(BYTES("\0\x01\x1b[31m\x7f"), "\\x00\\x01\\x1B[31m\\x7F");
    expect_safe(BYTES("\xc2\x9b"
                      "31m"),
                "\\x9B31m"); /* CSI as one C1 character */
    expect_safe(BYTES("\x9b"
                      "31m"),
                "\\x9B31m"); /* and as a stray byte */
}

static void text_safe__codes__invalid_utf8_byte_by_byte(void **state)
{
    (void)state;
    expect_safe(BYTES("\xff\xfe"), "\\xFF\\xFE");
    expect_safe(BYTES("\x80z"), "\\x80z");
    expect_safe(BYTES("\xc0\xaf"), "\\xC0\\xAF");                   /* overlong / */
    expect_safe(BYTES("\xe0\x80\xaf"), "\\xE0\\x80\\xAF");          /* overlong / in three */
    expect_safe(BYTES("\xf0\x8f\xbf\xbf"), "\\xF0\\x8F\\xBF\\xBF"); /* overlong U+FFFF */
    expect_safe(BYTES("\xed\xa0\x80"), "\\xED\\xA0\\x80");          /* a surrogate */
    expect_safe(BYTES("\xf4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80"); /* above U+10FFFF */
    expect_safe(BYTES("\xf5\x80\x80\x80"), "\\xF5\\x80\\x80\\x80");
    expect_safe(BYTES("ab\xe6\x97"), "ab\\xE6\\x97"); /* cut off */
    expect_safe(BYTES("\xe6\x97"
                      "a"),
                "\\xE6\\x97"
                "a"); /* cut short */
}

static void text_safe__codes__what_hides_or_reorders(void **state)
{
    (void)state;
    expect_safe(BYTES("a\u202Eb\u2066c"), "a<U+202E>b<U+2066>c");
    expect_safe(BYTES("a\u200Bb\u200Dc\uFEFF"), "a<U+200B>b<U+200D>c<U+FEFF>");
    expect_safe(BYTES("\u00ADx\u00A0y\u3000z"), "<U+00AD>x<U+00A0>y<U+3000>z");
    expect_safe(BYTES("\u2028\u2029"), "<U+2028><U+2029>");
    expect_safe(BYTES("\u2764\uFE0F"), "\u2764<U+FE0F>");
    expect_safe(BYTES("\U000E0041\uE000\U0010FFFD"), "<U+E0041><U+E000><U+10FFFD>");
    expect_safe(BYTES("\u3164\uFFA0\u115F\u2800"), "<U+3164><U+FFA0><U+115F><U+2800>");
    expect_safe(BYTES("\u0378\uFFFF"), "<U+0378><U+FFFF>"); /* nobody knows their width */
    expect_safe(BYTES("\U0001F1E9\U0001F1EA"), "<U+1F1E9><U+1F1EA>");
}

static void text_safe__keeps__two_marks_on_a_base_and_none_without(void **state)
{
    (void)state;
    expect_safe(BYTES("z\u0301\u0302\u0303\u0304y\u0301"), "z\u0301\u0302<U+0303><U+0304>y\u0301");
    expect_safe(BYTES("\u0301a"), "<U+0301>a");
    expect_safe(BYTES("\n\u0301"), "\\n<U+0301>");
    expect_safe(BYTES("a\xff\u0301"), "a\\xFF<U+0301>");
    expect_safe(BYTES("\u200B\u0301"), "<U+200B><U+0301>");
    expect_safe(BYTES("z\u0301\u0302\u0303\u0301"), "z\u0301\u0302<U+0303><U+0301>");
}

static void text_safe__never_ends__within_a_code_or_character(void **state)
{
    (void)state;
    char out[16];

    assert_int_equal(text_safe(out, 5,
                               BYTES("ab\x1b"
                                     "c")),
                     7);
    assert_string_equal(out, "ab");
    assert_int_equal(text_safe(out, 7,
                               BYTES("ab\x1b"
                                     "c")),
                     7);
    assert_string_equal(out, "ab\\x1B");
    assert_int_equal(text_safe(out, 4, BYTES("ab日x")), 6);
    assert_string_equal(out, "ab"); /* the x would fit, but it is not what comes next */
    assert_int_equal(text_safe(out, 1, BYTES("ab")), 2);
    assert_string_equal(out, "");
    assert_int_equal(text_safe(NULL, 0, BYTES("ab\n")), 4);
}

static void text_safe_name__codes__everything_but_printable_ascii(void **state)
{
    (void)state;
    char out[64];

    assert_int_equal(text_safe_name(out, sizeof(out), BYTES("prod/р\xff é 日\n")), 37);
    assert_string_equal(out, "prod/<U+0440>\\xFF <U+00E9> <U+65E5>\\n");
}

static void text_decode__reports__end_and_errors(void **state)
{
    (void)state;
    uint32_t cp = 7;

    assert_int_equal(text_decode("", 0, &cp), 0);
    assert_int_equal(text_decode("\xc3", 1, &cp), -1);
    assert_int_equal(text_decode("\xc3\x28", 2, &cp), -1);
    assert_int_equal(cp, 7); /* untouched on failure */
    assert_int_equal(text_decode("\0", 1, &cp), 1);
    assert_int_equal(cp, 0);
    assert_int_equal(text_decode("\xf4\x8f\xbf\xbf", 4, &cp), 4);
    assert_int_equal(cp, 0x10FFFF);
}

static void text_encode__is_undone_by__text_decode_for_every_character(void **state)
{
    (void)state;
    char bytes[4];
    uint32_t back = 0;

    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        int n = text_encode(cp, bytes);
        assert_int_equal(text_decode(bytes, (size_t)n, &back), n);
        assert_int_equal(back, cp >= 0xD800 && cp <= 0xDFFF ? 0xFFFD : cp);
    }
    assert_int_equal(text_encode(0x110000, bytes), 3);
    assert_memory_equal(bytes, "\xEF\xBF\xBD", 3);
}

static void text_char_width__knows__wide_and_joining(void **state)
{
    (void)state;
    static const struct {
        uint32_t cp;
        int width;
    } rows[] = {{'a', 1},    {0xE9, 1},  {0x65E5, 2}, {0xAC00, 2}, {0x1F600, 2}, {0x1F511, 2}, {0x231A, 2},
                {0x2764, 1}, {0x301, 0}, {0x1161, 0}, {0xFF21, 2}, {0xFF71, 1},  {0x20000, 2}, {0x200B, 0},
                {0x202E, 0}, {0, 0},     {0x1B, 0},   {0x2500, 1}, {0x2588, 1},  {0x0903, 1},  {0x110000, 1}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(text_char_width(rows[i].cp), rows[i].width);
}

/* ncurses asks the C library, the layout asks us: where the two differ, columns do
 * not line up.  None differs with glibc 2.36; a later one may know a few better. */
static void text_char_width__agrees_with__the_c_library(void **state)
{
    (void)state;
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    char bytes[5] = "a";
    int differ = 0;

    if (!utf8)
        skip();
    locale_t before = uselocale(utf8);
    for (uint32_t cp = 0x20; cp <= 0x10FFFF; cp++) {
        size_t n = 1 + (size_t)text_encode(cp, bytes + 1);
        if (text_is_safe(bytes, n) && !(cp >= 0xD800 && cp <= 0xDFFF))
            differ += wcwidth((wchar_t)cp) != text_char_width(cp);
    }
    (void)uselocale(before);
    freelocale(utf8);
    assert_in_range(differ, 0, 100);
}

static void text_fit__never_halves__a_wide_character(void **state)
{
    (void)state;
    size_t used = 99;

    assert_int_equal(text_width("a日é"), 4);
    assert_int_equal(text_fit("a日é", 2, &used), 1);
    assert_int_equal(used, 1);
    assert_int_equal(text_fit("a日é", 3, &used), 4);
    assert_int_equal(used, 3);
    assert_int_equal(text_fit("e\u0301x", 1, &used), 3); /* the mark comes along */
    assert_int_equal(used, 1);
    assert_int_equal(text_fit("", 5, &used), 0);
    assert_int_equal(used, 0);
    assert_int_equal(text_fit("abc", 0, NULL), 0);
}

/* ------------------------------------------------------------------- random */

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static const char *const pieces[] = {"\u202E",
                                     "\u200B",
                                     "\u0301",
                                     "\u0302",
                                     "\u0303",
                                     "日",
                                     "🔑",
                                     "\x1b[2J",
                                     "\xc2\x9b",
                                     "\xed\xa0\x80",
                                     "\xf4\x90\x80\x80",
                                     "\xe6\x97",
                                     "password",
                                     "=",
                                     ":",
                                     "\"",
                                     "\\\"",
                                     "\\",
                                     "'",
                                     "://",
                                     "@",
                                     "u:p",
                                     "/",
                                     " ",
                                     "undefined",
                                     ",",
                                     "\xf0\x9f",
                                     "DB_PASSWORD",
                                     "}",
                                     "\\\\\\\"",
                                     "null",
                                     "\u1161"};

/* Bytes, characters and pieces that matter, mixed. */
static size_t random_text(uint32_t *seed, char out[96])
{
    size_t want = next_random(seed) % 64, n = 0;

    while (n < want) {
        const char *piece = pieces[next_random(seed) % ARRAY_LEN(pieces)];
        switch (next_random(seed) % 4) {
        case 0:
            out[n++] = (char)(next_random(seed) & 0xFF);
            break;
        case 1:
            out[n++] = (char)(0x20 + next_random(seed) % 95);
            break;
        case 2:
            n += (size_t)text_encode(next_random(seed) % (next_random(seed) % 2 ? 0x110000 : 0x3100), out + n);
            break;
        default:
            memcpy(out + n, piece, strlen(piece));
            n += strlen(piece);
        }
    }
    return n;
}

static void text__keeps_its_promises_for__random_bytes(void **state)
{
    (void)state;
    uint32_t seed = 20261124;
    char bytes[96];

    for (int i = 0; i < 20000; i++) {
        size_t n = random_text(&seed, bytes);
        char *exact = mem_copy_bytes(bytes, n);
        text_check_properties(exact, n);
        free(exact);
    }
}

static void text__keeps_its_promises_for__every_character(void **state)
{
    (void)state;
    char bytes[8] = "a";

    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char out[32];
        size_t n = 1 + (size_t)text_encode(cp, bytes + 1);
        size_t total = text_safe(out, sizeof(out), bytes, n);
        check_characters(out, total);
        assert_int_equal(text_is_safe(bytes, n), total == n);
        assert_false(is_forbidden(cp) && total == n && !(cp >= 0xD800 && cp <= 0xDFFF));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_safe__leaves__what_may_be_drawn),
        cmocka_unit_test(text_safe__codes__controls),
        cmocka_unit_test(text_safe__codes__invalid_utf8_byte_by_byte),
        cmocka_unit_test(text_safe__codes__what_hides_or_reorders),
        cmocka_unit_test(text_safe__keeps__two_marks_on_a_base_and_none_without),
        cmocka_unit_test(text_safe__never_ends__within_a_code_or_character),
        cmocka_unit_test(text_safe_name__codes__everything_but_printable_ascii),
        cmocka_unit_test(text_decode__reports__end_and_errors),
        cmocka_unit_test(text_encode__is_undone_by__text_decode_for_every_character),
        cmocka_unit_test(text_char_width__knows__wide_and_joining),
        cmocka_unit_test(text_char_width__agrees_with__the_c_library),
        cmocka_unit_test(text_fit__never_halves__a_wide_character),
        cmocka_unit_test(text__keeps_its_promises_for__random_bytes),
        cmocka_unit_test(text__keeps_its_promises_for__every_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
