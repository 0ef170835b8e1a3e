/* libFuzzer: any bytes as a credtop.conf.  Either a configuration that keeps what
 * config.h promises, or mistakes that are safe to print; and the same again the
 * second time.
 * Links the objects of config/ and inih; clang -fsanitize=fuzzer,address,undefined. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "tests/fuzz/fuzz.h"

static void check_list(const char *const *list)
{
    expect(list != NULL);
    for (size_t n = 0; list[n] != NULL; n++) {
        expect(list[n][0] != '\0' && n < 64);
    }
}

static void check_environment(const struct config_environment *e)
{
    size_t n = strlen(e->name);
    expect(n >= 1 && n <= 63 && strpbrk(e->name, " /\\\x1b") == NULL);
    expect(e->line > 0);
    expect(e->mode == CONFIG_PRODUCTION ? e->secret != NULL : e->secret == NULL && e->env_file != NULL);
    expect(e->env_file == NULL || (e->env_file[0] == '/' && strlen(e->env_file) <= 1023));
    expect(e->db_sslrootcert == NULL || (e->db_sslrootcert[0] == '/' && strlen(e->db_sslrootcert) <= 511));
    expect(e->region == NULL || (e->region[0] != '\0' && strlen(e->region) <= 31));
    expect(e->endpoint_url == NULL || strncmp(e->endpoint_url, "http", 4) == 0);
    check_list(e->log_groups);
    expect(e->function == NULL || e->log_groups[0] != NULL);
}

static void check_config(const struct config *c)
{
    expect(c->nenvironments > 0);
    expect(c->secret_poll_ms >= 5000 && c->secret_poll_ms <= 3600000);
    expect(c->login_deadline_ms >= 500 && c->login_deadline_ms <= 60000);
    expect(c->log_threads >= 1 && c->log_threads <= 64);
    check_list(c->patterns.fetch);
    check_list(c->patterns.db_error);
    for (size_t i = 0; i < c->nenvironments; i++) {
        check_environment(&c->environments[i]);
    }
}

/* Whole lines of printable ASCII, each with the file's name in front. */
static void check_errors(const char *errors)
{
    expect(errors[0] != '\0');
    for (const char *p = errors; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        expect(p[n] == '\n' && strncmp(p, "/f:", 3) == 0);
        for (size_t i = 0; i < n; i++) {
            expect(p[i] >= ' ' && p[i] <= '~');
        }
        p += n + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *first, *second;
    struct config *c = config_parse((const char *)data, size, "/f", &first);
    struct config *again = config_parse((const char *)data, size, "/f", &second);
    expect((c == NULL) == (first != NULL) && (c == NULL) == (again == NULL));
    if (c != NULL) {
        check_config(c);
        expect(c->nenvironments == again->nenvironments);
    } else {
        check_errors(first);
        expect(strcmp(first, second) == 0);
    }
    config_free(c);
    config_free(again);
    free(first);
    free(second);
    return 0;
}
