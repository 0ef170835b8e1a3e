/* libFuzzer: any bytes as AWS's refusal (JSON of three protocols, XML of a fourth, or nothing of
 * the kind), with any header and status.  Every refusal is an error, its words are safe to print
 * and end, and its code is a name.
 *
 * The first byte chooses the status; up to the first line feed: the header x-amzn-errortype.
 * Links the AWS layer; clang -fsanitize=fuzzer,address,undefined. */
#include <stdint.h>

#include "backend/aws/aws.h"
#include "backend/aws/json.h"
#include "backend/aws/retry.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "tests/fuzz/fuzz.h"

FUZZ_READS_JSON

static void expect_name(const char *s, size_t size)
{
    size_t n = strnlen(s, size);
    ASSERT(n < size);
    for (size_t i = 0; i < n; i++)
        ASSERT(s[i] >= ' ' && s[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504, 302, 0};
    struct http_reply reply = {.date_ms = -1, .retry_after_ms = -1};
    struct why why = {0}, again = {0};
    char line[400];
    if (size == 0)
        return -1;
    reply.status = statuses[data[0] % ARRAY_LEN(statuses)];
    const char *text = (const char *)data + 1, *cut = memchr(text, '\n', size - 1);
    size_t n = cut != NULL ? (size_t)(cut - text) : 0;
    (void)str_copy_n(reply.error_type, sizeof reply.error_type, text, n < sizeof reply.error_type ? n : 0);
    size_t from = cut != NULL ? n + 1 : 0, len = size - 1 - from;
    char *body = mem_array(len + 1, 1);
    memcpy(body, text + from, len);
    enum err err = aws_read_refusal(&reply, body, len, &why);
    ASSERT(err != ERR_OK && why.code == err && why.http == reply.status);
    ASSERT(text_is_safe(why.text, strnlen(why.text, sizeof why.text)));
    expect_name(why.aws_code, sizeof why.aws_code);
    ASSERT(err == retry_classify(reply.status, why.aws_code));
    (void)why_line(&why, line, sizeof line);
    ASSERT(text_is_safe(line, strlen(line)));
    ASSERT(aws_read_refusal(&reply, body, len, &again) == err && strcmp(why.text, again.text) == 0);
    free(body);
    return 0;
}
