/* What the tests of the credential chain share: a home directory, an environment, a clock,
 * and an AWS that answers by what it is asked, over real HTTP and through a real gate. */
#ifndef CT_FAKE_CHAIN_H
#define CT_FAKE_CHAIN_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "backend/aws/aws.h"
#include "backend/aws/json.h"
#include "tests/unit/fake_http.h"

struct rule {
    const char *needle;            /* anywhere in the request */
    struct fake_http_answer answer;
    int uses;                      /* 0: for good */
};

struct chain_test {
    char home[64];
    int64_t mono_ms, wall_ms;
    struct clock clock;
    struct fake_http http;
    struct rule rules[16];         /* the first that fits answers; else STS gives keys, others 404 */
    size_t nrules;
    int64_t role_life_ms;          /* of STS's keys */
    unsigned roles;                /* STS calls that gave keys: part of the key's id */
    char body[4096];
    struct aws_gate *gate;
    struct identity_store *store;  /* the gate's */
    struct identity id;
    struct why why;
};

static inline int64_t chain_mono(void *self)
{
    return ((struct chain_test *)self)->mono_ms;
}

static inline int64_t chain_wall(void *self)
{
    return ((struct chain_test *)self)->wall_ms;
}

static inline void chain_sts_keys(struct chain_test *x, const struct fake_http_request *rq, struct fake_http_answer *out)
{
    const char *arn = strstr(rq->body, "RoleArn="), *name = arn ? strstr(arn, "role%2F") : NULL;
    char until[25];

    x->roles++;
    clock_iso(x->wall_ms + x->role_life_ms, until);
    (void)str_fmt(x->body, sizeof(x->body),
                  "<R xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Credentials><AccessKeyId>ID-%.*s-%u</AccessKeyId>"
                  "<SecretAccessKey>a&amp;b/&#x2b;&#47;</SecretAccessKey><SessionToken>tok=%u</SessionToken>"
                  "<Expiration>%s</Expiration></Credentials></R>",
                  name ? (int)strcspn(name + 7, "&") : 0, name ? name + 7 : "", x->roles, x->roles, until);
    out->body = x->body;
}

static inline void chain_answer(void *ctx, const struct fake_http_request *rq, struct fake_http_answer *out)
{
    struct chain_test *x = ctx;

    for (size_t i = 0; i < x->nrules; i++)
        if (x->rules[i].uses >= 0 && strstr(rq->text, x->rules[i].needle)) {
            *out = x->rules[i].answer;
            if (x->rules[i].uses > 0 && --x->rules[i].uses == 0)
                x->rules[i].uses = -1;
            return;
        }
    if (strstr(rq->body, "Action=AssumeRole"))
        chain_sts_keys(x, rq, out);
    else
        out->status = 404;
}

static inline struct rule *chain_rule(struct chain_test *x, const char *needle, int status, const char *body)
{
    struct rule *r = &x->rules[x->nrules++];

    assert_true(x->nrules <= ARRAY_LEN(x->rules));
    *r = (struct rule){.needle = needle, .answer = {.status = status, .body = body}};
    return r;
}

/* A file below the home directory, folders made on the way. */
static inline void chain_file(struct chain_test *x, const char *name, const char *text)
{
    char path[300];
    int fd;

    (void)str_fmt(path, sizeof(path), "%s/%s", x->home, name);
    for (char *slash = path + strlen(x->home) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    x->mono_ms += 1000; /* looked at again */
}

static inline void chain_config(struct chain_test *x, const char *text)
{
    chain_file(x, ".aws/config", text);
}

static inline void chain_open_gate(struct chain_test *x, bool audit)
{
    x->gate = aws_gate_new(&(struct aws_gate_settings){.audit = audit, .clock = &x->clock});
    x->store = aws_gate_identities(x->gate);
}

static inline enum err chain_get(struct chain_test *x, const char *profile)
{
    if (!x->gate)
        chain_open_gate(x, false);
    x->why = (struct why){0};
    return identity_get(x->store, &(struct identity_selector){.profile = profile}, INT64_MAX, NULL, &x->id, &x->why);
}

static inline void chain_expect(struct chain_test *x, const char *profile, const char *id, const char *source)
{
    if (chain_get(x, profile))
        fail_msg("%s", x->why.text);
    assert_string_equal(x->id.access_key_id, id);
    if (source)
        assert_string_equal(x->id.source, source);
}

static inline void chain_refused(struct chain_test *x, const char *profile, enum err want, const char *words)
{
    enum err err = chain_get(x, profile);

    if (err != want || !strstr(x->why.text, words))
        fail_msg("%s \"%s\", not %s \"%s\"", err_name(err), x->why.text, err_name(want), words);
    assert_null(strstr(x->why.text, "hunter2"));
    assert_null(x->id.secret_access_key);
}

/* The i-th request holds these words (NULL: it must not have come). */
static inline void chain_seen(struct chain_test *x, size_t i, const char *words)
{
    assert_true(i < fake_http_count(&x->http));
    if (!strstr(x->http.seen[i]->text, words))
        fail_msg("request %zu lacks \"%s\":\n%s", i, words, x->http.seen[i]->text);
}

static inline size_t chain_count(struct chain_test *x, const char *words)
{
    size_t n = fake_http_count(&x->http), found = 0;

    for (size_t i = 0; i < n; i++)
        found += strstr(x->http.seen[i]->text, words) != NULL;
    return found;
}

static inline int chain_set_up(void **state)
{
    struct chain_test *x = mem_new(sizeof(*x));

    (void)clearenv();
    setenv("PATH", "/usr/bin:/bin", 1);
    (void)str_copy(x->home, sizeof(x->home), "/tmp/test_aws_chain.XXXXXX");
    assert_non_null(mkdtemp(x->home));
    setenv("HOME", x->home, 1);
    x->mono_ms = 5000;
    x->wall_ms = INT64_C(1795530727000); /* 2026-11-24T14:32:07Z */
    x->clock = (struct clock){chain_mono, chain_wall, x};
    x->role_life_ms = 3600 * 1000;
    fake_http_start(&x->http, chain_answer, x);
    setenv("AWS_ENDPOINT_URL", x->http.url, 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    *state = x;
    return 0;
}

static inline int chain_remove(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline int chain_tear_down(void **state)
{
    struct chain_test *x = *state;

    identity_clear(&x->id);
    x->gate = aws_gate_free(x->gate);
    fake_http_stop(&x->http);
    (void)nftw(x->home, chain_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(x);
    return 0;
}

#define CHAIN_CASE(name) cmocka_unit_test_setup_teardown(name, chain_set_up, chain_tear_down)

#endif
