/* libFuzzer: any bytes as GetSecretValue's answer.  Either parameters that are whole and fit for
 * a login, or a reason that is safe to print and holds nothing of the value.
 * Links the credentials' layer; clang -fsanitize=fuzzer,address,undefined. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/aws/json.h"
#include "backend/base/text.h"
#include "backend/credentials/secret_value.h"
#include "tests/fuzz/fuzz.h"

FUZZ_READS_JSON

static void expect_ended(const char *s, size_t size)
{
    expect(memchr(s, '\0', size) != NULL);
}

/* The longest run of the password that a message repeats must be short: words are shared by chance. */
static int quotes(const char *text, const struct secret *password)
{
    enum { RUN = 12 };
    size_t n;
    const char *p = secret_peek(password, &n);
    for (size_t i = 0; i + RUN <= n; i++)
        if (memmem(text, strlen(text), p + i, RUN) != NULL)
            return 1;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char arn[300], *bytes = malloc(size + 1);
    struct db_params p = {.port = 5432};
    struct why why = {0};
    expect(bytes != NULL);
    memcpy(bytes, data, size);
    bytes[size] = '\0';
    enum err err = secret_value_apply(bytes, size, &p, &why);
    expect_ended(p.host, sizeof p.host);
    expect_ended(p.dbname, sizeof p.dbname);
    expect_ended(p.user, sizeof p.user);
    expect_ended(p.version_id, sizeof p.version_id);
    if (err == ERR_OK) {
        expect(p.port > 0);
    } else {
        expect(why.code == err);
        expect(text_is_safe(why.text, strlen(why.text)));
        expect(p.password == NULL || !quotes(why.text, p.password));
    }
    secret_value_masterarn(bytes, size, arn, sizeof arn);
    expect_ended(arn, sizeof arn);
    db_params_clear(&p);
    free(bytes);
    return 0;
}
