#include "backend/credentials/attempt.h"

#include <openssl/x509.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/certificate.h"

static const struct {
    const char *part, *sqlstate;
    enum err err;
    const char *words;
} refusals[] = {
#define REFUSAL(part, sqlstate, err, words) {part, sqlstate, ERR_##err, words},
#include "backend/credentials/refusals.def"
#undef REFUSAL
};

static const struct {
    const char *code;
    enum err err;
    const char *words;
} sqlstates[] = {
#define SQLSTATE(code, err, words) {code, ERR_##err, "the database " words},
#include "backend/credentials/sqlstates.def"
#undef SQLSTATE
};

/* What a failure is when its words are none we know. */
static const enum err phase_errs[PHASE_COUNT] = {
    [PHASE_CREDENTIALS] = ERR_SETTING, [PHASE_RESOLVE] = ERR_RESOLVE,
    [PHASE_CONNECT] = ERR_CONNECT,     [PHASE_TLS] = ERR_TLS,
    [PHASE_AUTH] = ERR_DB_AUTH,        [PHASE_QUERY] = ERR_DB_QUERY,
};

static int32_t us_since(const struct timespec *from)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t us = (int64_t)(now.tv_sec - from->tv_sec) * 1000000 + (now.tv_nsec - from->tv_nsec) / 1000;
    return us > INT32_MAX ? INT32_MAX : (int32_t)us;
}

void login_result_clear(struct login_result *out)
{
    *out = (struct login_result){
        .total_us = -1, .max_connections = -1, .used_connections = -1, .valid_until_ms = TIME_UNKNOWN};
    certificate_clear(&out->certificate);
    for (size_t i = 0; i < PHASE_COUNT; i++)
        out->phase_us[i] = -1;
}

void attempt_begin(struct attempt *a, const struct db_params *p, int64_t deadline_ms, struct cancel *c,
                   struct login_result *out)
{
    login_result_clear(out);
    *a = (struct attempt){.p = p,
                          .out = out,
                          .cancel = c,
                          .phase = PHASE_RESOLVE,
                          .deadline_mono_ms = clock_mono_ms(clock_real()) + deadline_ms};
    a->connect_mono_ms = a->deadline_mono_ms;
    clock_gettime(CLOCK_MONOTONIC, &a->began);
    a->phase_began = a->began;
}

bool attempt_resolve(struct attempt *a, struct resolved *out)
{
    struct why why = {0};
    enum err err =
        resolve_host(a->p->host, a->p->port != 0 ? a->p->port : 5432, a->deadline_mono_ms, a->cancel, out, &why);
    if (err != ERR_OK)
        return attempt_fail(a, err, why.text);
    attempt_enter(a, PHASE_CONNECT);
    return true;
}

void attempt_address(struct attempt *a, const struct resolved *found, size_t i)
{
    int64_t now_ms = clock_mono_ms(clock_real());
    int64_t left_ms = a->deadline_mono_ms > now_ms ? a->deadline_mono_ms - now_ms : 0;
    a->connect_mono_ms = now_ms + left_ms / (int64_t)(found->n - i);
    (void)str_copy(a->out->address, sizeof a->out->address, found->text[i]);
}

/* libpq goes back to CONNECTION_MADE after TLS: only forward counts. */
void attempt_enter(struct attempt *a, enum db_phase next)
{
    if (next <= a->phase)
        return;
    a->out->phase_us[a->phase] = us_since(&a->phase_began);
    clock_gettime(CLOCK_MONOTONIC, &a->phase_began);
    a->phase = next;
}

void attempt_end(struct attempt *a, bool ok)
{
    a->out->ok = ok;
    if (ok) {
        a->out->phase_us[a->phase] = us_since(&a->phase_began);
        (void)why_set(&a->out->why, ERR_OK, "%s", "");
    }
    a->out->total_us = us_since(&a->began);
}

bool attempt_wait(struct attempt *a, int fd, short events)
{
    char words[80];
    int64_t until_ms = a->phase == PHASE_CONNECT ? a->connect_mono_ms : a->deadline_mono_ms;
    int got = cancel_wait_fd(a->cancel, fd, events, until_ms);
    if (got > 0)
        return true;
    if (got < 0)
        return attempt_fail(a, ERR_CANCELLED, "");
    (void)str_fmt(words, sizeof words, "no answer in %d ms", us_since(&a->phase_began) / 1000);
    return attempt_fail(a, ERR_TIMEOUT, words);
}

bool attempt_fail(struct attempt *a, enum err code, const char *words)
{
    a->out->ok = false;
    a->out->failed = a->phase;
    a->out->phase_us[a->phase] = us_since(&a->phase_began);
    (void)why_set(&a->out->why, code, "%s", words);
    (void)str_copy(a->out->why.call, sizeof a->out->why.call, db_phase_word(a->phase));
    return false;
}

static bool refused_as(struct attempt *a, enum err code, const char *words, const char *line)
{
    char both[400];
    const char *state = a->out->sqlstate;
    if (a->phase == PHASE_CONNECT)
        return attempt_fail(a, code, words); /* the system's own line would say it again */
    (void)str_fmt(both, sizeof both, "%s%s%s; it says: %s", state, state[0] != '\0' ? " " : "", words, line);
    return attempt_fail(a, code, both);
}

bool attempt_refused(struct attempt *a, const char *sqlstate, const char *line)
{
    const char *state = sqlstate != NULL ? sqlstate : "";
    (void)str_copy_n(a->out->sqlstate, sizeof a->out->sqlstate, state, strnlen(state, 5));
    state = a->out->sqlstate;
    if (a->phase == PHASE_QUERY && state[0] != '\0')
        return attempt_fail(a, ERR_DB_QUERY, line); /* logged in: what follows is no refusal of the login */
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        if (strcmp(refusals[i].sqlstate, state) == 0 && strstr(line, refusals[i].part) != NULL)
            return refused_as(a, refusals[i].err, refusals[i].words, line);
    for (size_t i = 0; i < ARRAY_LEN(sqlstates); i++)
        if (strcmp(sqlstates[i].code, state) == 0)
            return refused_as(a, sqlstates[i].err, sqlstates[i].words, line);
    return attempt_fail(a, state[0] != '\0' ? ERR_DB_REFUSED : phase_errs[a->phase], line);
}

const char *attempt_trust(const struct db_params *p, char *out, size_t size)
{
    static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                          "/etc/ssl/cert.pem"};
    if (p->sslrootcert[0] != '\0')
        return p->sslrootcert;
    const char *home = getenv("HOME");
    if (home != NULL && str_fmt(out, size, "%s/.postgresql/root.crt", home) && access(out, R_OK) == 0)
        return out;
    if (access(X509_get_default_cert_file(), R_OK) == 0)
        return X509_get_default_cert_file();
    for (size_t i = 0; i < ARRAY_LEN(bundles); i++)
        if (access(bundles[i], R_OK) == 0)
            return bundles[i];
    return NULL;
}
