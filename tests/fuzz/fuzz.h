/* What most fuzz targets begin with. */
#ifndef CT_FUZZ_H
#define CT_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "backend/base/secret.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that does not hold is a finding. */
static inline void expect(int truth)
{
    if (!truth)
        abort();
}

/* One byte of other kinds in a header would end it. */
static inline void expect_header(const char *s, size_t n)
{
    expect(n > 0);
    for (size_t i = 0; i < n; i++)
        expect(s[i] > ' ' && s[i] <= '~');
}

static inline void expect_header_secret(const struct secret *s)
{
    size_t n;
    const char *bytes = secret_peek(s, &n);
    expect_header(bytes, n);
}

/* For targets that read JSON, as the program does before anything else. */
#define FUZZ_READS_JSON                                                                                                \
    int LLVMFuzzerInitialize(int *argc, char ***argv)                                                                  \
    {                                                                                                                  \
        (void)argc;                                                                                                    \
        (void)argv;                                                                                                    \
        json_global_init();                                                                                            \
        return 0;                                                                                                      \
    }

#endif
