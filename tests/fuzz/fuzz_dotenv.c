/* libFuzzer: any bytes as a .env file.  Slices stay within the buffer and come in
 * order, keys are keys, a mistake's line is one the file has, and what is written
 * back in single quotes reads the same.
 * Links config/dotenv.c alone; clang -fsanitize=fuzzer,address,undefined. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/dotenv.h"
#include "tests/fuzz/fuzz.h"

struct seen {
    const char *from, *end; /* what may still be handed out */
    char *again;            /* the pairs, written anew */
    size_t again_n, pairs;
};

static int is_key(const char *key, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
        if (key[i] == '\0' || strchr(chars, key[i]) == NULL) {
            return 0;
        }
    }
    return n > 0;
}

static void on_pair(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len)
{
    struct seen *s = ctx;
    expect(key >= s->from && key + key_len <= value && value + value_len <= s->end);
    expect(is_key(key, key_len));
    s->from = value + value_len;
    s->pairs++;
    /* A quote has no escape, and a backslash at the end would be one of the closing quote. */
    bool writable = memchr(value, '\'', value_len) == NULL && (value_len == 0 || value[value_len - 1] != '\\');
    if (writable) {
        char *to = s->again + s->again_n;
        memcpy(to, key, key_len);
        memcpy(to + key_len, "='", 2);
        memcpy(to + key_len + 2, value, value_len);
        memcpy(to + key_len + 2 + value_len, "'\n", 2);
        s->again_n += key_len + value_len + 4;
    }
}

static void count_pair(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len)
{
    (void)key;
    (void)key_len;
    (void)value;
    (void)value_len;
    ++*(size_t *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *what;
    size_t lines = 1, expected = 0, pairs = 0;
    char *bytes = malloc(size + 1);
    struct seen s = {.from = bytes, .end = bytes + size, .again = malloc(size * 4 + 1)};
    expect(bytes != NULL && s.again != NULL);
    memcpy(bytes, data, size);
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n' || data[i] == '\r';
    }
    int line = dotenv_parse(bytes, size, on_pair, &s, &what);
    expect((line == 0) == (what == NULL) && line >= 0 && (size_t)line <= lines);

    for (size_t i = 0; i < s.again_n; i++) {
        expected += s.again[i] == '\''; /* two for each pair */
    }
    (void)dotenv_parse(s.again, s.again_n, count_pair, &pairs, &what); /* a NUL is a mistake here as well */
    expect(pairs * 2 == expected);
    free(s.again);
    free(bytes);
    return 0;
}
