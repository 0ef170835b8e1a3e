/* Any bytes as a config and as a credentials file: must never read or write outside
 * them, and whatever is accepted must answer look-ups.
 *
 * clang -fsanitize=fuzzer,address,undefined, linked with libaws and libbase. */
#include <stdint.h>

#include "backend/aws/aws_files.h"
#include "backend/base/mem.h"
#include "tests/fuzz/fuzz.h"

static void look_up(const struct aws_file *f)
{
    static const char *const keys[] = {"aws_access_key_id", "region", "s3.endpoint_url", "a", "a.b", ""};
    static const enum aws_section kinds[] = {AWS_SECTION_PROFILE, AWS_SECTION_SSO_SESSION, AWS_SECTION_SERVICES,
                                             AWS_SECTION_OTHER};
    static const char *const names[] = {"default", "a", "my prof", ""};

    for (size_t s = 0; s < ARRAY_LEN(kinds); s++)
        for (size_t n = 0; n < ARRAY_LEN(names); n++)
            for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
                int line = 0;
                const char *value = aws_file_get(f, kinds[s], names[n], keys[k], &line);

                if (!value)
                    continue;
                ASSERT(line > 0 && strlen(value) < AWS_FILE_MAX);
                ASSERT(aws_file_has(f, kinds[s], names[n]));
                ASSERT(value[0] != ' ' && value[0] != '\t');
            }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int kind = AWS_FILE_CONFIG; kind <= AWS_FILE_CREDENTIALS; kind++) {
        struct aws_file *f = NULL;
        struct why why = {0};
        enum err err = aws_file_parse((const char *)data, size, (enum aws_file_kind)kind, "file", &f, &why);

        if (err) {
            ASSERT(f == NULL && err == ERR_NO_CREDENTIALS && why.text[0] != '\0');
            continue;
        }
        look_up(f);
        f = aws_file_free(f);
    }
    return 0;
}
