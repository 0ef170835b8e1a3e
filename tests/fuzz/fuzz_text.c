/* Foreign bytes into text.c: the properties of the unit test, from a fuzzer's bytes. */
#include "tests/unit/text_properties.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 4096 /* the checks cut at every size: quadratic */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX)
        return -1;
    char *bytes = mem_copy_bytes(data, size); /* of just this size, so that ASan sees an over-read */
    text_check_properties(bytes, size);
    free(bytes);
    return 0;
}
