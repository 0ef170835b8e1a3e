/* libFuzzer: any bytes as a source file, an .env file, a deployment file and git's index.  What
 * is blanked keeps its length and its lines, a place is a line the file has, and what is found
 * is safe to print.
 * Links the backend; clang -fsanitize=fuzzer,address,undefined. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "backend/source.h"
#include "backend/source_code.h"
#include "tests/fuzz/fuzz.h"

static int lines_of(const char *bytes, size_t n)
{
    int lines = 1;
    for (size_t i = 0; i < n; i++)
        lines += bytes[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const fetch[] = {"Fetching credentials from Secrets Manager", "Loading * secret", NULL};
    static const char *const paths[] = {"src/env.ts", "database.js", "a/dbHelper.mjs", "models/index.ts", ".env", "s.yml", "m.tf"};
    const char *bytes = (const char *)data;
    struct source_code code;
    source_code_split(bytes, size, &code);
    expect(strlen(code.code) == size && strlen(code.words) == size);
    expect(lines_of(code.code, size) == lines_of(bytes, size) && lines_of(code.words, size) == lines_of(bytes, size));
    expect(source_code_definition(&code, "f").line <= lines_of(bytes, size));
    expect(source_code_top_await(&code).line <= lines_of(bytes, size));
    source_code_clear(&code);

    struct source_report *out = mem_new(sizeof *out);
    struct source_facts *facts = source_facts_new(fetch);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        source_read(facts, paths[i], bytes, size);
    source_conclude(facts, bytes, size, out);
    for (size_t i = 0; i < SOURCE_CHECKS; i++)
        expect(text_is_safe(out->of[i].found, strlen(out->of[i].found)));
    source_facts_free(facts);
    free(out);
    return 0;
}
