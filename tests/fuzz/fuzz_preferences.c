/* libFuzzer: any bytes as the file of preferences.  Either preferences that fit and end, or
 * mistakes, a printable line each, that name the file.
 * Links config/; clang -fsanitize=fuzzer,address,undefined. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/preferences.h"
#include "tests/fuzz/fuzz.h"

static void expect_ended(const char *s)
{
    expect(memchr(s, '\0', PREFERENCE_MAX) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct preferences *p = calloc(1, sizeof(*p));
    char *error = NULL;
    expect(p != NULL);
    if (preferences_parse((const char *)data, size, "/f", p, &error)) {
        expect(error == NULL && p->ncommands <= PREFERENCES_LIST);
        expect_ended(p->sort);
        expect_ended(p->columns);
        expect_ended(p->group);
        expect_ended(p->theme);
        for (size_t i = 0; i < p->ncommands; i++)
            expect_ended(p->commands[i]);
    } else {
        expect(error != NULL && error[0] != '\0');
        for (const char *line = error; *line != '\0';) {
            size_t n = strcspn(line, "\n");
            expect(line[n] == '\n' && strncmp(line, "/f:", 3) == 0);
            for (size_t i = 0; i < n; i++)
                expect(line[i] >= ' ' && line[i] <= '~');
            line += n + 1;
        }
    }
    free(error);
    free(p);
    return 0;
}
