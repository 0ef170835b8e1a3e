/* Logins against peers that misbehave, on 127.0.0.1: the deadline is kept, a cancel ends
 * the wait at once, and the phase and the words say what happened.  (A PostgreSQL that
 * behaves is the end-to-end tests' part.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/login.h"

#define DEADLINE_MS 300
#define SLACK_MS 500 /* of a busy machine */

enum manner {
    SILENT,      /* accepts, reads, says nothing */
    CLOSES,      /* accepts and closes */
    SPEAKS_HTTP, /* answers whatever comes with an HTTP error */
    NO_TLS,      /* 'N' to the request for TLS */
    YES_THEN_SILENT,
    YES_THEN_NOISE, /* 'S', then no TLS at all */
    DRIPS,          /* a byte of a long authentication message now and then */
    RESETS,
    REFUSES /* a server's ErrorResponse, with the peer's SQLSTATE and words */
};

struct peer {
    enum manner manner;
    int listener;
    uint16_t port;
    const char *sqlstate, *words;   /* of REFUSES */
    struct cancel *stop;
    pthread_t thread;
};

static void nap(const struct peer *p, int64_t ms)
{
    (void)cancel_wait_fd(p->stop, -1, 0, clock_mono_ms(clock_real()) + ms);
}

static void say(int fd, const char *bytes, size_t n)
{
    (void)!send(fd, bytes, n, MSG_NOSIGNAL);
}

/* ErrorResponse: 'E', length, fields of a byte and a text, a zero (PostgreSQL manual 55.7). */
static void refuse(const struct peer *p, int fd)
{
    unsigned char message[256];
    int n = snprintf((char *)message + 5, sizeof message - 5, "SFATAL%cVFATAL%cC%s%cM%s%c%c", 0, 0, p->sqlstate, 0, p->words,
                     0, 0);
    uint32_t length = htonl((uint32_t)n + 4);
    message[0] = 'E';
    memcpy(message + 1, &length, sizeof length);
    say(fd, (const char *)message, (size_t)n + 5);
    nap(p, 100);
}

static void behave(const struct peer *p, int fd)
{
    static const char http[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    static const char drip[] = {'R', 0, 0, 0x07, 0};
    struct linger reset = {.l_onoff = 1};
    char buffer[512];
    if (p->manner != CLOSES && cancel_wait_fd(p->stop, fd, POLLIN, clock_mono_ms(clock_real()) + 5000) > 0)
        (void)!recv(fd, buffer, sizeof buffer, 0);
    switch (p->manner) {
    case SILENT:
        nap(p, 60000);
        break;
    case CLOSES:
        break;
    case SPEAKS_HTTP:
        say(fd, http, sizeof http - 1);
        nap(p, 200);
        break;
    case NO_TLS:
        say(fd, "N", 1);
        nap(p, 200);
        break;
    case YES_THEN_SILENT:
        say(fd, "S", 1);
        nap(p, 60000);
        break;
    case YES_THEN_NOISE:
        say(fd, "S", 1);
        nap(p, 20);
        say(fd, http, sizeof http - 1);
        nap(p, 200);
        break;
    case DRIPS:
        for (size_t i = 0; !cancel_is_set(p->stop) && i < 600; i++) {
            say(fd, i < sizeof drip ? drip + i : "x", 1);
            nap(p, 20);
        }
        break;
    case REFUSES:
        refuse(p, fd);
        break;
    case RESETS:
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        break;
    }
}

static void *serve(void *arg)
{
    struct peer *p = arg;
    while (cancel_wait_fd(p->stop, p->listener, POLLIN, clock_mono_ms(clock_real()) + 60000) > 0) {
        int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            behave(p, fd);
            close(fd);
        }
    }
    return NULL;
}

static void listen_on(struct peer *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(p->listener >= 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(p->listener, 8), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&a, &n), 0);
    p->port = ntohs(a.sin_port);
}

static void peer_begin_refusing(struct peer *p, enum manner manner, const char *sqlstate, const char *words)
{
    *p = (struct peer){.manner = manner, .sqlstate = sqlstate, .words = words, .stop = cancel_new(NULL)};
    listen_on(p);
    assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
}

static void peer_begin(struct peer *p, enum manner manner)
{
    peer_begin_refusing(p, manner, NULL, NULL);
}

static void peer_end(struct peer *p)
{
    cancel_trigger(p->stop);
    pthread_join(p->thread, NULL);
    close(p->listener);
    p->stop = cancel_free(p->stop);
}

static struct db_params params_for(uint16_t port, const char *sslmode)
{
    struct db_params p = {.port = port};
    (void)str_copy(p.host, sizeof p.host, "127.0.0.1");
    (void)str_copy(p.user, sizeof p.user, "app");
    (void)str_copy(p.dbname, sizeof p.dbname, "orders");
    (void)str_copy(p.sslmode, sizeof p.sslmode, sslmode);
    p.password = secret_from("sekrit-password", 15);
    return p;
}

typedef void login_fn(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out);

static struct login_result expect(login_fn *login, const struct peer *peer, const char *sslmode, enum err err,
                                  enum db_phase phase)
{
    struct db_params p = params_for(peer->port, sslmode);
    struct login_result r;
    int64_t began = clock_mono_ms(clock_real());
    login(&p, DEADLINE_MS, NULL, &r);
    int64_t took = clock_mono_ms(clock_real()) - began;
    assert_in_range(took, err == ERR_TIMEOUT ? DEADLINE_MS - 20 : 0, DEADLINE_MS + SLACK_MS);
    assert_false(r.ok);
    if (r.why.code != err || r.failed != phase)
        fail_msg("%s in %s: %s", err_name(r.why.code), db_phase_word(r.failed), r.why.text);
    assert_string_equal(r.why.call, db_phase_word(phase));
    assert_string_equal(r.address, "127.0.0.1");
    assert_true(r.phase_us[phase] >= 0 && r.total_us >= r.phase_us[phase]);
    for (int i = 0; i < PHASE_COUNT; i++)
        assert_int_equal(r.phase_us[i] >= 0,
                         i >= PHASE_RESOLVE && i <= (int)phase && (i != PHASE_TLS || strcmp(sslmode, "disable") != 0));
    assert_null(strstr(r.why.text, "sekrit"));
    db_params_clear(&p);
    return r;
}

static void login__against_each_manner(void **state)
{
    static const struct {
        enum manner manner;
        const char *sslmode;
        enum err err;
        enum db_phase phase;
        const char *words;
    } rows[] = {
        {SILENT, "verify-full", ERR_TIMEOUT, PHASE_TLS, "no answer in"},
        {SILENT, "disable", ERR_TIMEOUT, PHASE_AUTH, "no answer in"},
        {CLOSES, "verify-full", ERR_DB_PROTOCOL, PHASE_TLS, "closed the connection"},
        {CLOSES, "disable", ERR_DB_PROTOCOL, PHASE_AUTH, "closed the connection"},
        {SPEAKS_HTTP, "require", ERR_DB_PROTOCOL, PHASE_TLS, "invalid response to SSL"},
        {SPEAKS_HTTP, "disable", ERR_DB_PROTOCOL, PHASE_AUTH, "expected authentication request"},
        {NO_TLS, "require", ERR_TLS, PHASE_TLS, "does not support SSL"},
        {YES_THEN_SILENT, "require", ERR_TIMEOUT, PHASE_TLS, "no answer in"},
        {YES_THEN_NOISE, "require", ERR_TLS, PHASE_TLS, "the peer speaks no TLS"},
        {DRIPS, "disable", ERR_TIMEOUT, PHASE_AUTH, "no answer in"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct peer peer;
        peer_begin(&peer, rows[i].manner);
        struct login_result r = expect(login_try, &peer, rows[i].sslmode, rows[i].err, rows[i].phase);
        peer_end(&peer);
        if (strstr(r.why.text, rows[i].words) == NULL)
            fail_msg("row %zu: \"%s\" does not say \"%s\"", i, r.why.text, rows[i].words);
    }
}

static void reach__against_each_manner(void **state)
{
    static const struct {
        enum manner manner;
        enum err err;
        const char *words;
    } rows[] = {
        {SILENT, ERR_TIMEOUT, "no answer in"},
        {CLOSES, ERR_DB_PROTOCOL, "the peer closed the connection"},
        {SPEAKS_HTTP, ERR_DB_PROTOCOL, "something else than PostgreSQL"},
        {NO_TLS, ERR_TLS, "the server has no TLS"},
        {YES_THEN_SILENT, ERR_TIMEOUT, "no answer in"},
        {YES_THEN_NOISE, ERR_TLS, "the peer speaks no TLS"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct peer peer;
        peer_begin(&peer, rows[i].manner);
        struct login_result r = expect(login_reach, &peer, "require", rows[i].err, PHASE_TLS);
        peer_end(&peer);
        assert_non_null(strstr(r.why.text, rows[i].words));
    }
}

/* What a server says while it cannot take anybody, and when it has no slot left. */
static void login__that_the_server_puts_off__says_why(void **state)
{
    (void)state;
    static const struct {
        const char *sqlstate, *words, *expected;
    } samples[] = {
        {"57P03", "the database system is starting up", "starting up"},
        {"57P03", "the database system is shutting down", "shutting down"},
        {"57P03", "the database system is in recovery mode", "recover"},
        {"57P01", "terminating connection due to administrator command", "shutting down"},
        {"53300", "sorry, too many clients already", "too many connections"},
    };
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct peer p;
        struct login_result r;
        peer_begin_refusing(&p, REFUSES, samples[i].sqlstate, samples[i].words);
        struct db_params params = params_for(p.port, "disable");
        login_try(&params, 2000, NULL, &r);
        assert_false(r.ok);
        assert_int_equal(r.why.code, ERR_DB_REFUSED);
        assert_string_equal(r.sqlstate, samples[i].sqlstate);
        assert_int_equal(r.failed, PHASE_AUTH);
        if (strstr(r.why.text, samples[i].expected) == NULL || strstr(r.why.text, samples[i].words) == NULL)
            fail_msg("%s: %s", samples[i].words, r.why.text);
        db_params_clear(&params);
        peer_end(&p);
    }
}

/* The broadcast address has no route for TCP; nothing leaves the machine. */
static void login__without_a_route__says_so(void **state)
{
    (void)state;
    struct login_result r;
    struct db_params params = params_for(5432, "disable");
    (void)str_copy(params.host, sizeof params.host, "255.255.255.255");
    login_try(&params, 2000, NULL, &r);
    assert_false(r.ok);
    assert_int_equal(r.failed, PHASE_CONNECT);
    if (strstr(r.why.text, "no route") == NULL && strstr(r.why.text, "unreachable") == NULL)
        fail_msg("%s", r.why.text);
    db_params_clear(&params);
}

static void login__to_a_closed_port__is_refused(void **state)
{
    struct peer peer = {0};
    (void)state;
    listen_on(&peer);
    close(peer.listener); /* the port is free again, and nobody listens */
    struct login_result r = expect(login_try, &peer, "verify-full", ERR_CONNECT, PHASE_CONNECT);
    assert_non_null(strstr(r.why.text, "refused: nothing listens on that port"));
    r = expect(login_reach, &peer, "verify-full", ERR_CONNECT, PHASE_CONNECT);
    assert_non_null(strstr(r.why.text, "refused: nothing listens on that port"));
}

static void login__after_a_reset__says_it_broke(void **state)
{
    struct peer peer;
    (void)state;
    peer_begin(&peer, RESETS);
    struct db_params p = params_for(peer.port, "require");
    struct login_result r;
    login_try(&p, DEADLINE_MS, NULL, &r);
    assert_false(r.ok);
    assert_int_equal(r.failed, PHASE_TLS);
    assert_true(r.why.text[0] != '\0');
    login_reach(&p, DEADLINE_MS, NULL, &r);
    assert_false(r.ok);
    assert_int_equal(r.failed, PHASE_TLS);
    db_params_clear(&p);
    peer_end(&peer);
}

static void reach__without_tls__is_satisfied_with_a_connection(void **state)
{
    struct peer peer;
    struct login_result r;
    (void)state;
    peer_begin(&peer, SILENT);
    struct db_params p = params_for(peer.port, "disable");
    login_reach(&p, DEADLINE_MS, NULL, &r);
    assert_true(r.ok);
    assert_true(r.phase_us[PHASE_CONNECT] >= 0);
    db_params_clear(&p);
    peer_end(&peer);
}

static void login__to_a_name_that_is_none(void **state)
{
    struct db_params p = params_for(5432, "require");
    struct login_result r;
    (void)state;
    (void)str_copy(p.host, sizeof p.host, "no-such-host.invalid");
    login_try(&p, 3000, NULL, &r);
    assert_false(r.ok);
    assert_int_equal(r.failed, PHASE_RESOLVE);
    assert_true(r.why.code == ERR_RESOLVE || r.why.code == ERR_TIMEOUT); /* no name server here may be a slow one */
    assert_non_null(strstr(r.why.text, "no-such-host.invalid"));
    assert_int_equal(r.phase_us[PHASE_CONNECT], -1);
    db_params_clear(&p);
}

/* -------------------------------------------------------------------- cancel */

struct cancelling {
    struct cancel *c;
    int64_t at_mono_ms;
};

static void *trigger_soon(void *arg)
{
    struct cancelling *x = arg;
    (void)cancel_wait_fd(NULL, -1, 0, clock_mono_ms(clock_real()) + 60);
    x->at_mono_ms = clock_mono_ms(clock_real());
    cancel_trigger(x->c);
    return NULL;
}

static void cancel__ends_it_at_once(void **state)
{
    static const struct {
        login_fn *login;
        enum manner manner;
        const char *sslmode;
    } rows[] = {
        {login_try, SILENT, "verify-full"},
        {login_try, SILENT, "disable"},
        {login_try, DRIPS, "disable"},
        {login_reach, SILENT, "require"},
        {login_reach, YES_THEN_SILENT, "require"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct peer peer;
        struct login_result r;
        pthread_t thread;
        struct cancelling x = {.c = cancel_new(NULL)};
        peer_begin(&peer, rows[i].manner);
        struct db_params p = params_for(peer.port, rows[i].sslmode);
        assert_int_equal(pthread_create(&thread, NULL, trigger_soon, &x), 0);
        rows[i].login(&p, 20000, x.c, &r);
        int64_t ended = clock_mono_ms(clock_real());
        pthread_join(thread, NULL);
        assert_false(r.ok);
        assert_int_equal(r.why.code, ERR_CANCELLED);
        assert_in_range(ended - x.at_mono_ms, 0, 100);
        db_params_clear(&p);
        peer_end(&peer);
        x.c = cancel_free(x.c);
    }
}

static void result__cleared__knows_nothing(void **state)
{
    struct login_result r;
    (void)state;
    memset(&r, 0x55, sizeof r);
    login_result_clear(&r);
    assert_false(r.ok);
    assert_int_equal(r.total_us, -1);
    for (int i = 0; i < PHASE_COUNT; i++)
        assert_int_equal(r.phase_us[i], -1);
    assert_string_equal(r.address, "");
    assert_int_equal(r.why.code, ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login__against_each_manner),
        cmocka_unit_test(reach__against_each_manner),
        cmocka_unit_test(login__that_the_server_puts_off__says_why),
        cmocka_unit_test(login__without_a_route__says_so),
        cmocka_unit_test(login__to_a_closed_port__is_refused),
        cmocka_unit_test(login__after_a_reset__says_it_broke),
        cmocka_unit_test(reach__without_tls__is_satisfied_with_a_connection),
        cmocka_unit_test(login__to_a_name_that_is_none),
        cmocka_unit_test(cancel__ends_it_at_once),
        cmocka_unit_test(result__cleared__knows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
