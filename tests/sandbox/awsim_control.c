/* The control API: what tests and the fleet tell awsim, unsigned, under /_sim/. */
#include "tests/sandbox/awsim_control.h"
#include "backend/base/mem.h"
#include "tests/sandbox/awsim_listed.h"
#include "tests/sandbox/awsim_logs.h"

#define EVENTS_MAX 1000000
#define DAY_MS (24LL * 3600 * 1000)
#define HORIZON_MS 4102444800000LL /* the year 2100 */

static void control_error(struct answer *a, int status, const char *text)
{
    a->reply.status = status;
    strbuf_str(&a->reply.body, "{\"error\":");
    strbuf_json(&a->reply.body, text, strlen(text));
    strbuf_str(&a->reply.body, "}\n");
}

void control_ok(struct answer *a)
{
    strbuf_str(&a->reply.body, "{}\n");
}

void control_answer(struct answer *a, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    ASSERT(text != NULL);
    strbuf_fmt(&a->reply.body, "%s\n", text);
    free(text);
    json_decref(body);
}

static struct realm *control_realm(struct sim *s, struct check *c, const json_t *o)
{
    const char *account = check_need_text(c, o, "account", 12, 12), *region = check_need_text(c, o, "region", 1, 31);
    if (!c->failed && !sim_has_account(s, account))
        (void)check_fail(c, "account", "must be one of the seed");
    struct realm *r = c->failed ? NULL : sim_realm(s, account, region);
    if (!r)
        (void)check_fail(c, "region", "must be small letters, digits and -");
    return r;
}

/* ----------------------------------------------------------------- logs */

static size_t read_events(struct check *c, const json_t *events, int64_t now_ms, struct log_line *lines)
{
    static const char *const known[] = {"t_ms", "message", "ingest_delay_ms", "ingested_ms", NULL};
    char outer[256];
    size_t i;
    json_t *e;
    json_array_foreach(events, i, e)
    {
        check_enter(c, "events", i, outer);
        if (!check_members(c, e, known))
            break;
        const json_t *message = json_object_get(e, "message");
        if (!json_is_string(message) || json_string_length(message) == 0 ||
            json_string_length(message) > STORE_EVENT_MAX)
            (void)check_fail(c, "message", "is needed: a text of 1 to %d bytes", STORE_EVENT_MAX);
        if (!json_object_get(e, "t_ms"))
            (void)check_fail(c, "t_ms", "is needed: milliseconds since 1970");
        int64_t delay_ms = check_int(c, e, "ingest_delay_ms", 0, DAY_MS, 0);
        lines[i].t_ms = check_int(c, e, "t_ms", 0, HORIZON_MS, 0);
        lines[i].ingested_ms = check_int(c, e, "ingested_ms", 0, now_ms, now_ms + delay_ms);
        lines[i].text = json_string_value(message);
        lines[i].len = json_string_length(message);
        if (c->failed)
            break;
        check_leave(c, outer);
    }
    return i;
}

static void control_logs(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    static const char *const known[] = {"account", "region", "group", "stream", "events", NULL};
    if (!check_members(c, o, known))
        return;
    struct realm *r = control_realm(s, c, o);
    const char *group = check_need_text(c, o, "group", 1, 512), *stream = check_need_text(c, o, "stream", 1, 512);
    const json_t *events = check_list(c, o, "events", EVENTS_MAX);
    if (!logs_group_name_ok(group))
        (void)check_fail(c, "group", "must be letters, digits and . _ / # - alone");
    if (!logs_stream_name_ok(stream))
        (void)check_fail(c, "stream", "must be without : and *");
    if (c->failed)
        return;
    int64_t now_ms = sim_now_ms(s);
    struct log_line *lines = mem_array(json_array_size(events) + 1, sizeof *lines);
    size_t n = read_events(c, events, now_ms, lines);
    if (!c->failed) {
        struct log_group *g = store_add_group(&r->store, group, now_ms);
        if (!store_add_events(&r->store, g, group_add_stream(g, stream, now_ms), lines, n))
            (void)check_fail(c, "events", "awsim is full: it holds %zu bytes of events in a region", STORE_BYTES_MAX);
    }
    free(lines);
    if (!c->failed)
        control_ok(a);
}

/* --------------------------------------------------------------- faults */

static void control_faults(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    static const char *const known[] = {"operation", "fault", "count", "match", "ms", "key", NULL};
    if (!check_members(c, o, known))
        return;
    const char *operation = check_need_text(c, o, "operation", 1, 64), *name = check_need_text(c, o, "fault", 1, 32);
    const char *match = check_text(c, o, "match", 0, FAULT_MATCH_MAX - 1), *key = check_text(c, o, "key", 0, 128);
    struct fault f = {.op = SIM_OPS, .kind = fault_find(name)};
    if (strcmp(operation, "*") != 0 && (f.op = sim_op_find_any(operation)) == SIM_OPS)
        (void)check_fail(c, "operation", "must be * or a simulated operation");
    if (f.kind == FAULT_KINDS || f.kind == FAULT_NONE) {
        char all[256] = "", longer[300];
        for (int k = FAULT_NONE + 1; k < FAULT_KINDS; k++) {
            str_fmt(longer, sizeof longer, "%s%s%s", all, all[0] ? ", " : "", fault_name((enum fault_kind)k));
            str_copy(all, sizeof all, longer);
        }
        (void)check_fail(c, "fault", "must be one of %s", all);
    }
    f.left = check_int(c, o, "count", 1, INT32_MAX, -1);
    f.ms = check_int(c, o, "ms", -DAY_MS, DAY_MS, f.kind == FAULT_SKEW ? 600000 : 1000);
    if (f.ms < 0 && f.kind != FAULT_SKEW)
        (void)check_fail(c, "ms", "must not be negative");
    str_copy(f.match, sizeof f.match, match ? match : "");
    str_copy(f.key, sizeof f.key, key ? key : "");
    if (!c->failed && !faults_add(&s->faults, &f))
        (void)check_fail(c, "", "there are %d faults already", FAULTS_MAX);
    if (!c->failed)
        control_ok(a);
}

static void control_no_faults(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    (void)c, (void)o;
    faults_clear(&s->faults);
    control_ok(a);
}

/* ---------------------------------------------------------------- calls */

static void control_calls(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    (void)c, (void)o;
    uint64_t by_class[SIM_CLASSES] = {0};
    json_t *all = json_object(), *classes = json_object(), *keys = json_object();
    for (size_t i = 0; i < SIM_OPS; i++) {
        const struct sim_op_row *row = sim_op_row((enum sim_op)i);
        const struct sim_counts *n = &s->counts[i];
        by_class[row->class] += n->ok + n->failed;
        (void)json_object_set_new(all, row->name,
                                  json_pack("{sI sI sI sI ss}", "ok", (json_int_t)n->ok, "failed",
                                            (json_int_t)n->failed, "throttled", (json_int_t)n->throttled, "denied",
                                            (json_int_t)n->denied, "class", sim_class_name(row->class)));
    }
    for (int i = 0; i < SIM_CLASSES; i++)
        (void)json_object_set_new(classes, sim_class_name((enum sim_class)i), json_integer((json_int_t)by_class[i]));
    for (size_t k = 0; k < s->nkeys; k++) {
        json_t *ops = json_object();
        for (size_t i = 0; i < SIM_OPS; i++)
            if (s->keys[k]->calls[i] > 0)
                (void)json_object_set_new(ops, sim_op_row((enum sim_op)i)->name,
                                          json_integer((json_int_t)s->keys[k]->calls[i]));
        (void)json_object_set_new(keys, s->keys[k]->id, ops);
    }
    (void)json_object_set_new(all, "classes", classes);
    (void)json_object_set_new(all, "keys", keys);
    (void)json_object_set_new(all, "refused", json_integer((json_int_t)s->refused));
    control_answer(a, all);
}

static void control_no_calls(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    (void)c, (void)o;
    memset(s->counts, 0, sizeof s->counts);
    s->refused = 0;
    for (size_t k = 0; k < s->nkeys; k++)
        memset(s->keys[k]->calls, 0, sizeof s->keys[k]->calls);
    control_ok(a);
}

/* --------------------------------------------------------------- rotate */

static void control_rotate(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    static const char *const known[] = {"account", "region", "name", "string", NULL};
    if (!check_members(c, o, known))
        return;
    struct realm *r = control_realm(s, c, o);
    const char *name = check_need_text(c, o, "name", 1, 512);
    const char *value = check_need_text(c, o, "string", 1, VAULT_VALUE_MAX);
    struct vault_secret *secret = r ? vault_find(&r->vault, name) : NULL;
    if (!secret)
        (void)check_fail(c, "name", "must be a secret of this account and region");
    if (c->failed)
        return;
    int64_t now_ms = sim_now_ms(s);
    listed_keep(s, secret, now_ms, false);
    struct vault_version *v = vault_add_version(secret, a->request_id, now_ms);
    if (!v) {
        (void)check_fail(c, "name", "the secret has too many versions");
        return;
    }
    version_set_value(v, value, strlen(value), false);
    (void)vault_move_label(secret, LABEL_CURRENT_NAME, v);
    (void)vault_move_label(secret, LABEL_PENDING_NAME, NULL);
    vault_mark_rotated(secret, now_ms);
    strbuf_fmt(&a->reply.body, "{\"version_id\":\"%s\"}\n", v->id);
}

/* ------------------------------------------------------------ functions */

/* What a Lambda's containers would notice: that its configuration is another one. */
static void control_functions(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    (void)c, (void)o;
    json_t *list = json_array();
    int64_t now_ms = sim_now_ms(s);
    for (size_t r = 0; r < s->nrealms; r++)
        for (size_t i = 0; i < s->realms[r]->functions.n; i++) {
            const struct sim_function *f = s->realms[r]->functions.list[i];
            bool busy = f->updated_ms > now_ms;
            uint64_t done = f->update_fails ? 0 : f->updates - (busy ? 1 : 0);
            (void)json_array_append_new(list, json_pack("{ss ss ss sI}", "account", s->realms[r]->account, "region",
                                                        s->realms[r]->region, "name", f->name, "updates",
                                                        (json_int_t)done));
        }
    control_answer(a, json_pack("{so}", "functions", list));
}

/* ---------------------------------------------------------------- router */

struct control_row {
    const char *method, *path;
    bool has_body;
    control_handler *handler;
};

/* clang-format off */
static const struct control_row rows[] = {
    {"POST",   "/_sim/logs",          true,  control_logs},
    {"POST",   "/_sim/faults",        true,  control_faults},
    {"DELETE", "/_sim/faults",        false, control_no_faults},
    {"GET",    "/_sim/calls",         false, control_calls},
    {"DELETE", "/_sim/calls",         false, control_no_calls},
    {"POST",   "/_sim/secret/rotate", true,  control_rotate},
    {"POST",   "/_sim/expire",        true,  control_expire},
    {"GET",    "/_sim/sessions",      false, control_sessions},
    {"POST",   "/_sim/clock",         true,  control_clock},
    {"GET",    "/_sim/quota",         false, control_quota},
    {"DELETE", "/_sim/quota",         false, control_no_quota},
    {"POST",   "/_sim/list-lag",      true,  control_list_lag},
    {"POST",   "/_sim/query-time",    true,  control_query_time},
    {"POST",   "/_sim/rotation",      true,  control_rotation},
    {"GET",    "/_sim/functions",     false, control_functions},
};
/* clang-format on */

void control_serve(struct sim *s, const struct http_in *in, struct answer *a)
{
    a->reply.type = "application/json";
    const struct control_row *row = NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].method, in->method) == 0 && strcmp(rows[i].path, in->path) == 0)
            row = &rows[i];
    if (!row) {
        control_error(a, 404, "no such control; tests/sandbox/README.md lists them");
        return;
    }
    json_error_t error = {0};
    json_t *body =
        row->has_body ? json_loadb(in->body, in->body_len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error) : NULL;
    struct check check = {.what = in->path, .path = "$"};
    if (row->has_body && !body) {
        (void)check_fail(&check, "", "line %d: %s", error.line, error.text);
    } else {
        pthread_mutex_lock(&s->lock);
        row->handler(s, &check, body, a);
        pthread_mutex_unlock(&s->lock);
    }
    if (check.failed) {
        strbuf_reset(&a->reply.body);
        control_error(a, 400, check.message);
    }
    json_decref(body);
}
