/* libFuzzer: any bytes as what an instance's metadata, a container's endpoint, a credential_process
 * or IAM Identity Center answers.  Either keys that can stand in a header, or a reason that is
 * safe to print.
 * Links the AWS layer; clang -fsanitize=fuzzer,address,undefined. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/aws/identity_store.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "tests/fuzz/fuzz.h"

FUZZ_READS_JSON

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct json_names names[] = {
        {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"},
        {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"},
        {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"},
    };
    struct identity_store store = {.clock = clock_real()};
    struct secret *json = secret_from(data, size);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct why why = {0};
        struct walk w = {.store = &store, .profile = "default", .why = &why};
        struct identity id = {0};
        enum err err = identity_from_json(&w, "fuzz", json, &names[i], &id);
        if (err == ERR_OK) {
            expect_header(id.access_key_id, strlen(id.access_key_id));
            expect_header_secret(id.secret_access_key);
            if (id.session_token != NULL)
                expect_header_secret(id.session_token);
        } else {
            expect(why.code == err && why.text[0] != '\0');
            expect(text_is_safe(why.text, strlen(why.text)));
        }
        identity_clear(&id);
    }
    secret_free(json);
    return 0;
}
