/* libFuzzer: any bytes as a log page, against jansson.  Both accept or both refuse,
 * and read the same events; the few differences that are meant are listed in
 * tests/unit/log_page_reference.h.  A step outside the buffer is the sanitizer's. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/log_page_reference.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool accepted;
    const char *differ = reference_compare((const char *)data, size, &accepted);
    if (differ != NULL) {
        fprintf(stderr, "fuzz_log_page: %s\n", differ);
        abort();
    }
    return 0;
}
