/* Who we are to AWS, and which calls it lets us make. */
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/doctor_look.h"

#define BODY_MAX 8192

static const struct {
    enum err code;
    const char *next;
} nexts[] = {
    {ERR_NO_CREDENTIALS, "give keys: AWS_PROFILE, aws configure, or profile = NAME in the environment's section"},
    {ERR_EXPIRED, "sign in again (aws sso login), or renew the keys"},
    {ERR_BAD_KEY, "check the access key: aws sts get-caller-identity says what AWS makes of it"},
    {ERR_SIGNATURE, "check the secret access key: aws sts get-caller-identity says what AWS makes of it"},
    {ERR_RESOLVE, "check region = NAME, the name server, and HTTPS_PROXY"},
    {ERR_CONNECT, "check the way to AWS: route, firewall, HTTPS_PROXY, endpoint_url"},
    {ERR_TIMEOUT, "check the way to AWS: route, firewall, HTTPS_PROXY, endpoint_url"},
    {ERR_NETWORK, "check the way to AWS: route, firewall, HTTPS_PROXY, endpoint_url"},
    {ERR_TLS, "check AWS_CA_BUNDLE, and what a proxy does to TLS"},
    {ERR_NOT_FOUND, "check the name in the configuration, and the region"},
    {ERR_SETTING, "give region = NAME in the environment's section, or AWS_REGION"},
    {ERR_THROTTLED, "AWS throttles: try again later"},
};

void look_failed(struct look *l, enum finding_level level, enum aws_op op, const struct why *why, const char *means)
{
    const struct aws_op_row *row = aws_op_row(op);
    const char *prefix = aws_service_prefix(row->service);
    char next[200] = "", line[320];
    if (why->code == ERR_DENIED)
        (void)str_fmt(next, sizeof next, "grant %s:%s", prefix, row->name);
    for (size_t i = 0; i < ARRAY_LEN(nexts); i++)
        if (nexts[i].code == why->code)
            (void)str_copy(next, sizeof next, nexts[i].next);
    if (why->code == ERR_DENIED)
        look_add(l, level, next, "%s:%s denied: %s", prefix, row->name, means);
    else
        look_add(l, level, next, "%s%s%s%s", why_line(why, line, sizeof line), means[0] != '\0' ? " (" : "", means,
                 means[0] != '\0' ? ")" : "");
}

/* ---------------------------------------------------------------- identity */

static void put_left(int64_t expires_ms, int64_t now_ms, char *out, size_t size)
{
    int64_t left_s = (expires_ms - now_ms) / 1000;
    if (expires_ms < 0)
        (void)str_copy(out, size, "");
    else if (left_s >= 7200)
        (void)str_fmt(out, size, ", %lldh left", (long long)(left_s / 3600));
    else
        (void)str_fmt(out, size, ", %lldm left", (long long)(left_s > 0 ? left_s / 60 : 0));
}

bool look_identity(struct look *l)
{
    struct identity_store *store = aws_gate_identities(l->w->gate);
    struct identity_selector selector = aws_selector(&l->target);
    struct identity id = {0};
    struct aws_reply reply;
    struct why why = {0};
    char source[IDENTITY_SOURCE_MAX + 1], region[32] = "", arn[256], left[32];
    int64_t deadline = clock_mono_ms(clock_real()) + l->w->conf->call_deadline_ms;
    enum err err = identity_get(store, &selector, deadline, l->w->cancel, &id, &why);
    (void)str_copy(source, sizeof source, id.source);
    put_left(id.expires_wall_ms, clock_wall_ms(l->w->clock), left, sizeof left);
    identity_clear(&id);
    if (err == ERR_OK)
        err = identity_region(store, l->target.profile, l->target.region, region, &why);
    if (err == ERR_OK)
        err = aws_call(l->aws, &l->target, AWS_GET_CALLER_IDENTITY, "", l->w->conf->call_deadline_ms, &reply,
                       l->w->cancel, &why);
    if (err == ERR_OK && !aws_xml_text(reply.body, reply.len, "Arn", arn, sizeof arn))
        err = why_set(&why, ERR_MALFORMED, "GetCallerIdentity's answer names no Arn");
    if (err != ERR_OK) {
        look_failed(l, FINDING_FAIL, AWS_GET_CALLER_IDENTITY, &why, "AWS was not asked further");
        return false;
    }
    look_add(l, FINDING_OK, NULL, "identity %s, region %s%s, from %s", arn, region, left, source);
    return true;
}

/* ------------------------------------------------------------- permissions */

enum about { ABOUT_NOTHING, ABOUT_SECRET, ABOUT_GROUP };

/* READ operations with the least they can ask for, and what it means when one is denied. */
static const struct probe {
    enum aws_op op;
    enum about about;
    enum finding_level denied;
    const char *before, *after; /* around the name, as JSON */
    const char *means;
} probes[] = {
    {AWS_DESCRIBE_SECRET, ABOUT_SECRET, FINDING_FAIL, "{\"SecretId\":", "}", "nothing will be known of the secret"},
    {AWS_LIST_SECRET_VERSION_IDS, ABOUT_SECRET, FINDING_WARN, "{\"SecretId\":", ",\"MaxResults\":1}",
     "when a version was made will not be known"},
    {AWS_LIST_SECRETS, ABOUT_SECRET, FINDING_WARN, "{\"MaxResults\":1", "}",
     "each secret will be described by a call of its own"},
    {AWS_DESCRIBE_LOG_STREAMS, ABOUT_GROUP, FINDING_WARN, NULL, ",\"limit\":1}",
     "containers that began before the backfill will not be found"},
    {AWS_DESCRIBE_LOG_GROUPS, ABOUT_GROUP, FINDING_WARN, "{\"limit\":1", "}",
     "what Logs Insights would scan cannot be estimated, and it will not be used"},
};

static void put_group(struct strbuf *b, const char *group)
{
    bool arn = strncmp(group, "arn:", 4) == 0;
    size_t n = strlen(group);
    n -= arn && n > 2 && strcmp(group + n - 2, ":*") == 0 ? 2 : 0;
    strbuf_str(b, arn ? "{\"logGroupIdentifier\":" : "{\"logGroupName\":");
    strbuf_json(b, group, n);
}

static void put_body(const struct look *l, const struct probe *p, struct strbuf *b)
{
    if (p->before == NULL) {
        put_group(b, l->conf->log_groups[0]);
    } else {
        strbuf_str(b, p->before);
        if (p->before[strlen(p->before) - 1] == ':')
            strbuf_json(b, l->conf->secret, strlen(l->conf->secret));
    }
    strbuf_str(b, p->after);
}

static void put_name(struct strbuf *b, enum aws_op op)
{
    strbuf_fmt(b, "%s%s", b->len > 0 ? ", " : "", aws_op_row(op)->name);
}

void doctor_untried(bool audit, char *out, size_t size)
{
    struct strbuf names;
    strbuf_init(&names, 400);
    for (enum aws_op op = 0; op < AWS_OPS; op++) {
        const struct aws_op_row *row = aws_op_row(op);
        bool asked = op == AWS_GET_SECRET_VALUE && !audit; /* by the login */
        if (!asked && (row->class == AWS_REVEALS || row->class == AWS_MUTATES))
            put_name(&names, op);
    }
    (void)str_copy(out, size, strbuf_peek(&names));
    strbuf_clear(&names);
}

void look_permissions(struct look *l)
{
    struct strbuf good, body;
    strbuf_init(&good, 400);
    strbuf_init(&body, BODY_MAX);
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        const struct probe *p = &probes[i];
        struct aws_reply reply;
        struct why why = {0};
        if ((p->about == ABOUT_SECRET && l->conf->secret == NULL) ||
            (p->about == ABOUT_GROUP && l->conf->log_groups[0] == NULL))
            continue;
        strbuf_reset(&body);
        put_body(l, p, &body);
        if (aws_call(l->aws, &l->target, p->op, strbuf_peek(&body), l->w->conf->call_deadline_ms, &reply, l->w->cancel,
                     &why) == ERR_OK)
            put_name(&good, p->op);
        else if (why.code == ERR_DENIED)
            look_failed(l, p->denied, p->op, &why, p->means);
        else
            look_failed(l, FINDING_FAIL, p->op, &why, "");
    }
    if (good.len > 0)
        look_add(l, FINDING_OK, NULL, "allowed: %s", strbuf_peek(&good));
    strbuf_clear(&good);
    strbuf_clear(&body);
}
