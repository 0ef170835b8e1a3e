#include "ui/cli/test.h"

#include <string.h>

#include "backend/base/mem.h"
#include "ui/cli/order.h"
#include "ui/cli/output.h"
#include "ui/cli/writer.h"

#define OUTPUT_MAX (64 * 1024)

/* The exit statuses that are not plain success; options.def says what they mean. */
enum {
    TEST_TAKEN = 0,
    TEST_HALF_WAY = 1,
    TEST_REJECTED = 2,
    TEST_UNREACHABLE = 4,
    TEST_TLS = 5,
    TEST_NO_CREDENTIALS = 6,
    TEST_REFUSED = 7
};

static const struct {
    enum err code;
    int status;
} failures[] = {
    {ERR_DB_AUTH, TEST_REJECTED},
    {ERR_DB_REFUSED, TEST_REFUSED},
    {ERR_DB_PROTOCOL, TEST_REFUSED},
    {ERR_DB_QUERY, TEST_REFUSED},
    {ERR_RESOLVE, TEST_UNREACHABLE},
    {ERR_CONNECT, TEST_UNREACHABLE},
    {ERR_TLS, TEST_TLS},
    {ERR_SECRET_BINARY, TEST_NO_CREDENTIALS},
    {ERR_SECRET_SHAPE, TEST_NO_CREDENTIALS},
    {ERR_SETTING, TEST_NO_CREDENTIALS},
    {ERR_NOT_FOUND, TEST_NO_CREDENTIALS},
    {ERR_INVALID, TEST_NO_CREDENTIALS},
    {ERR_IO, TEST_NO_CREDENTIALS},
};

int test_exit_status(const struct order_view *o)
{
    const struct stage_login *first = &o->logins[0];
    if (o->state == ORDER_DONE && first->ok)
        return TEST_TAKEN;
    if (o->state != ORDER_FAILED)
        return CLI_COULD_NOT_TELL;
    for (size_t i = 1; i < STAGES_TESTED; i++)
        if (o->logins[i].ok)
            return TEST_HALF_WAY;
    /* Out of time or cut off: the database's doing when a login was tried, else AWS's. */
    if (first->tried && (first->code == ERR_TIMEOUT || first->code == ERR_NETWORK))
        return TEST_UNREACHABLE;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++)
        if (failures[i].code == first->code)
            return failures[i].status;
    return CLI_COULD_NOT_TELL;
}

/* Labels that no version has are left out, but for the one that was asked for. */
static bool is_shown(const struct order_view *o, size_t i)
{
    const struct stage_login *l = &o->logins[i];
    return l->tried || (l->code != ERR_OK && (i == 0 || l->code != ERR_NOT_FOUND));
}

static void put_table(const struct order_view *o, const char *name, struct strbuf *out)
{
    strbuf_fmt(out, "%-12s %-8s %-8s %9s  %s\n", "STAGE", "VERSION", "LOGIN", "TOOK", "");
    for (size_t i = 0; i < STAGES_TESTED; i++) {
        const struct stage_login *l = &o->logins[i];
        char took[24] = "-";
        if (!is_shown(o, i))
            continue;
        if (l->total_us >= 0)
            (void)str_fmt(took, sizeof took, "%d.%d ms", l->total_us / 1000, l->total_us / 100 % 10);
        strbuf_fmt(out, "%-12s %-8.8s %-8s %9s  %s\n", l->stage, l->version_id[0] != '\0' ? l->version_id : "-",
                   l->ok                    ? "ok"
                   : l->sqlstate[0] != '\0' ? l->sqlstate
                                            : "failed",
                   took, l->words);
    }
    strbuf_fmt(out, "\n%s: %s\n", name, o->words);
}

static void put_json(const struct order_view *o, const char *name, struct strbuf *out)
{
    struct writer w;
    writer_begin(&w, out);
    writer_object(&w, NULL);
    writer_int(&w, "version", 1);
    writer_str(&w, "environment", name);
    writer_str(&w, "order", order_name(o->kind));
    writer_str(&w, "state", order_state_word(o->state));
    writer_int(&w, "exit_status", test_exit_status(o));
    writer_str(&w, "text", o->words);
    writer_time(&w, "ordered", o->ordered_wall_ms);
    writer_time(&w, "ended", o->ended_wall_ms);
    writer_array(&w, "logins");
    for (size_t i = 0; i < STAGES_TESTED; i++) {
        const struct stage_login *l = &o->logins[i];
        if (!is_shown(o, i))
            continue;
        writer_object(&w, NULL);
        writer_str(&w, "stage", l->stage);
        writer_str(&w, "version_id", l->version_id);
        writer_str(&w, "user", l->user[0] != '\0' ? l->user : NULL);
        writer_bool(&w, "ok", l->ok);
        if (l->total_us >= 0)
            writer_int(&w, "latency_us", l->total_us);
        else
            writer_null(&w, "latency_us");
        writer_str(&w, "error", l->ok ? NULL : err_name(l->code));
        writer_str(&w, "sqlstate", l->sqlstate);
        writer_str(&w, "text", l->words);
        writer_close(&w);
    }
    writer_close(&w);
    writer_close(&w);
    writer_end(&w);
    strbuf_char(out, '\n');
}

int test_run(struct backend *b, const struct config *conf, const struct options *options, int signals_fd)
{
    size_t env = order_find_env(conf, options->operand);
    struct order order = {.kind = ORDER_TEST};
    struct order_view view = {0};
    struct why why = {0};
    if (env == ORDER_NO_ENVIRONMENT)
        return CLI_COULD_NOT_TELL;
    order.env = env;
    (void)str_copy(order.stage, sizeof order.stage, options->stage != NULL ? options->stage : "");
    uint64_t id = backend_order(b, &order, &why);
    if (id == 0) {
        (void)fprintf(stderr, "credtop: %s\n", why.text);
        return CLI_COULD_NOT_TELL;
    }
    if (order_wait(b, id, options->timeout_ms, signals_fd, NULL, NULL, &view) != ORDER_ENDED) {
        (void)fprintf(stderr, "credtop: the test did not end in time; what the database would say is unknown\n");
        return CLI_COULD_NOT_TELL;
    }
    struct strbuf out;
    strbuf_init(&out, OUTPUT_MAX);
    (options->format == FORMAT_JSON ? put_json : put_table)(&view, options->operand, &out);
    int status = output_write(&out, "the result", test_exit_status(&view));
    strbuf_clear(&out);
    return status;
}
