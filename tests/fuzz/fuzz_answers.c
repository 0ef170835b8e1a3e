/* libFuzzer: any bytes as an answer of DescribeSecret (and a row of ListSecretVersionIds),
 * GetFunctionConfiguration or STS.  What is kept of it fits, ends, and is safe to draw.
 * Links the watches; clang -fsanitize=fuzzer,address,undefined. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/aws/aws.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "backend/watch/function_reading.h"
#include "backend/watch/secret_reading.h"
#include "tests/fuzz/fuzz.h"

FUZZ_READS_JSON

static void expect_safe(const char *s, size_t size)
{
    size_t n = strnlen(s, size);
    expect(n < size && text_is_safe(s, n));
}

static void check_secret(const char *bytes, size_t n)
{
    struct secret_snap *s = mem_new(sizeof *s);
    secret_blank(s);
    json_t *o = json_read_object(bytes, n, NULL);
    if (o != NULL && secret_labels_make_sense(o)) {
        const json_t *row;
        size_t i;
        secret_read_description(o, s);
        json_array_foreach(json_object_get(o, "Versions"), i, row) secret_note_created(s, row);
        secret_sort_versions(s);
        secret_find_since(s, NULL, 1795521600000);
        expect_safe(s->name, sizeof s->name);
        expect_safe(s->arn, sizeof s->arn);
        expect_safe(s->description, sizeof s->description);
        expect_safe(s->current_id, sizeof s->current_id);
        expect_safe(s->rotation_rule, sizeof s->rotation_rule);
        expect(s->nversions <= ARRAY_LEN(s->versions));
        for (i = 0; i < s->nversions; i++) {
            expect_safe(s->versions[i].id, sizeof s->versions[i].id);
            expect_safe(s->versions[i].other_labels, sizeof s->versions[i].other_labels);
        }
        expect(secret_same_labels(s, s));
    }
    json_decref(o);
    free(s);
}

static void check_function(const char *bytes, size_t n)
{
    struct function_snap *s = function_blank();
    struct why why = {0};
    enum err err = function_read(bytes, n, &s, &why);
    expect(err == ERR_OK || text_is_safe(why.text, strlen(why.text)));
    free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[300], *bytes = malloc(size + 1);
    expect(bytes != NULL);
    memcpy(bytes, data, size);
    bytes[size] = '\0';
    check_secret(bytes, size);
    check_function(bytes, size);
    if (aws_xml_text(bytes, size, "Arn", out, sizeof out))
        expect_safe(out, sizeof out);
    (void)function_time(bytes);
    free(bytes);
    return 0;
}
