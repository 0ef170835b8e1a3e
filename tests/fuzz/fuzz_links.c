/* libFuzzer: the credential chain between files and answers that anybody may have written: what
 * `aws sso login` and `aws login` left, a web identity's token, and what STS, the portal, OIDC,
 * a container's endpoint and an instance's metadata say.  (What a credential_process prints is
 * read like these: fuzz_identity.c.)  Either keys that can stand in a header and that end where
 * such keys must, or a reason that is safe to print; nothing goes out that could split a header
 * or a URL; and a token file stays JSON when it is renewed.
 *
 * The first byte chooses the profile; a part of the input, up to a byte 0xff, is the file, each
 * one after it an answer, whose first byte chooses the status.
 * Links the AWS layer; clang -fsanitize=fuzzer,address,undefined. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "backend/aws/aws.h"
#include "backend/aws/identity.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "tests/fuzz/fuzz.h"

#define FILE_ROOM ((size_t)64 << 10)
#define NOW_MS INT64_C(1795530727000) /* 2026-11-24T14:32:07Z */

int RAND_bytes(unsigned char *out, int n);

/* Delays between tries are chosen by chance: by none they are none, and a run can be repeated. */
int RAND_bytes(unsigned char *out, int n)
{
    memset(out, 0, (size_t)n);
    return 1;
}

static const char config[] =
    "[profile session]\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=Read Only/1\n"
    "[sso-session corp]\nsso_start_url=https://corp.awsapps.com/start\nsso_region=eu-north-1\n"
    "[profile legacy]\nsso_start_url=https://corp.awsapps.com/start\nsso_region=eu-north-1\n"
    "sso_account_id=123456789012\nsso_role_name=r\n"
    "[profile login]\nlogin_session=arn:aws:iam::123456789012:user/u\n"
    "[profile web]\nrole_arn=arn:aws:iam::123456789012:role/w\nweb_identity_token_file=~/web\n"
    "[profile role]\nrole_arn=arn:aws:iam::123456789012:role/r\nsource_profile=base\n"
    "[profile base]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=secret\n"
    "[profile instance]\nrole_arn=arn:aws:iam::123456789012:role/i\ncredential_source=Ec2InstanceMetadata\n"
    "[profile container]\nrole_arn=arn:aws:iam::123456789012:role/c\ncredential_source=EcsContainer\n";

static const struct {
    const char *profile, *file; /* below the home folder; NULL: no file */
    bool ends;                  /* such keys always do */
} roads[] = {
    {"session", ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", true},
    {"legacy", ".aws/sso/cache/a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json", true},
    {"login", ".aws/login/cache/88929adfce05bf7ccf2ae7272cfbb0b23141302ba0339a173f53232e95660515.json", true},
    {"web", "web", true},
    {"role", NULL, true},
    {"instance", NULL, true},
    {"container", NULL, true},
};

static char home[64];

struct answers {
    const uint8_t *at, *end;
    unsigned sent;
};

/* --------------------------------------------------------------- the home */

static void path_of(const char *name, char out[256])
{
    (void)str_fmt(out, 256, "%s/%s", home, name);
}

static void put_file(const char *name, const void *bytes, size_t n)
{
    char path[256];
    path_of(name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ASSERT(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
}

static const char *const folders[] = {".aws", ".aws/sso", ".aws/sso/cache", ".aws/login", ".aws/login/cache"};

static void remove_home(void)
{
    char path[256];
    for (size_t i = 0; i < ARRAY_LEN(roads); i++)
        if (roads[i].file != NULL) {
            path_of(roads[i].file, path);
            (void)unlink(path);
        }
    path_of(".aws/config", path);
    (void)unlink(path);
    for (size_t i = ARRAY_LEN(folders); i > 0; i--) {
        path_of(folders[i - 1], path);
        (void)rmdir(path);
    }
    (void)rmdir(home);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *tmp = getenv("TMPDIR");
    char path[256];
    (void)argc;
    (void)argv;
    json_global_init();
    (void)str_fmt(home, sizeof home, "%s/fuzz-links-XXXXXX", tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
    ASSERT(mkdtemp(home) != NULL);
    (void)clearenv();
    (void)setenv("HOME", home, 1);
    (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/keys", 1);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        path_of(folders[i], path);
        ASSERT(mkdir(path, 0700) == 0);
    }
    put_file(".aws/config", config, sizeof config - 1);
    (void)atexit(remove_home);
    return 0;
}

/* -------------------------------------------------------------- the line */

static void expect_line(const char *s)
{
    for (; *s != '\0'; s++)
        ASSERT(*s != '\r' && *s != '\n');
}

/* 5xx and 429 of a metadata service are waited for by the clock: not here. */
static int status_of(uint8_t c)
{
    static const int statuses[] = {200, 200, 200, 200, 200, 201, 302, 400, 401, 403, 404, 405};
    return statuses[c % ARRAY_LEN(statuses)];
}

static enum err answer(void *ctx, int op, const struct http_request *rq, struct http_reply *out, struct cancel *c,
                       struct why *why)
{
    struct answers *a = ctx;
    (void)c;
    ASSERT(++a->sent < 64 && op >= -1 && op < AWS_OPS && rq->reply_secret != NULL);
    for (const char *p = rq->url; *p != '\0'; p++)
        ASSERT(*p > ' ' && *p <= '~');
    for (size_t i = 0; i < rq->nheaders; i++) {
        expect_line(rq->headers[i].name);
        expect_line(rq->headers[i].value);
    }
    if (a->at >= a->end)
        return why_set(why, ERR_CANCELLED, NULL);
    out->status = status_of(*a->at++);
    size_t left = (size_t)(a->end - a->at);
    const uint8_t *cut = memchr(a->at, 0xff, left);
    size_t n = cut != NULL ? (size_t)(cut - a->at) : left;
    enum err err = n <= rq->reply_max ? secret_append(rq->reply_secret, (const char *)a->at, n) : ERR_TOO_BIG;
    a->at += n + (cut != NULL ? 1 : 0);
    return err == ERR_OK ? err : why_set(why, err, "too big");
}

static bool no_skew(void *ctx, int64_t date_ms)
{
    (void)ctx;
    (void)date_ms;
    return false;
}

static int64_t now_ms(void *self)
{
    (void)self;
    return NOW_MS;
}

/* ---------------------------------------------------------- what comes out */

static void expect_keys(const struct identity *id, bool ends)
{
    expect_header(id->access_key_id, strlen(id->access_key_id));
    expect_header_secret(id->secret_access_key);
    if (id->session_token != NULL)
        expect_header_secret(id->session_token);
    ASSERT(id->expires_wall_ms >= 0 || !ends);
    ASSERT(text_is_safe(id->source, strlen(id->source)));
}

/* Renewed or not: where there was JSON there still is. */
static void expect_json(const char *name)
{
    char path[256], *bytes = mem_new(FILE_ROOM);
    path_of(name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, bytes, FILE_ROOM) : -1;
    ASSERT(n >= 0);
    close(fd);
    json_t *o = json_read_object(bytes, (size_t)n, NULL);
    ASSERT(o != NULL);
    json_decref(o);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct clock clock = {now_ms, now_ms, NULL};
    if (size == 0 || size > 8000)
        return -1;
    size_t road = data[0] % ARRAY_LEN(roads);
    struct answers a = {.at = data + 1, .end = data + size};
    bool was_json = false;
    if (roads[road].file != NULL) {
        const uint8_t *cut = memchr(a.at, 0xff, (size_t)(a.end - a.at));
        size_t n = (size_t)((cut != NULL ? cut : a.end) - a.at);
        json_t *o = json_read_object((const char *)a.at, n, NULL);
        was_json = o != NULL;
        json_decref(o);
        put_file(roads[road].file, a.at, n);
        a.at += n + (cut != NULL ? 1 : 0);
    }
    struct identity_store *store = identity_store_new(&clock);
    struct identity id = {0}, same = {0};
    struct why why = {0};
    identity_store_set_line(store, &(struct identity_line){.ctx = &a, .send = answer, .learn_skew = no_skew});
    const struct identity_selector who = {.profile = roads[road].profile};
    enum err err = identity_get(store, &who, INT64_MAX, NULL, &id, &why);
    if (err == ERR_OK) {
        expect_keys(&id, roads[road].ends);
        if (identity_get(store, &who, INT64_MAX, NULL, &same, &why) == ERR_OK)
            expect_keys(&same, roads[road].ends);
    } else {
        ASSERT(id.secret_access_key == NULL && text_is_safe(why.text, strlen(why.text)));
    }
    if (was_json)
        expect_json(roads[road].file);
    identity_clear(&id);
    identity_clear(&same);
    identity_store_free(store);
    return 0;
}
