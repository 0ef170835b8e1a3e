/* What a machine and a task find beside them: the instance metadata service (version
 * 2, and 1 where it is allowed) and the container credentials endpoint. */
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "tests/sandbox/awsim_auth.h"

#define TOKEN_TTL_HEADER "x-aws-ec2-metadata-token-ttl-seconds"
#define TTL_MAX_S 21600
#define INSTANCE_NAME "i-0a1b2c3d4e5f60718"
#define BIND "imds-token-of-this-instance."

static bool have_instance(struct call *c)
{
    if (c->sim->identity.instance.role)
        return true;
    call_fail_status(c, 404, "Not Found", "no role is attached to this instance");
    return false;
}

void imds_token(struct call *c)
{
    const char *ttl = http_in_header(c->http, TOKEN_TTL_HEADER);
    int64_t ttl_s = 0;
    if (!have_instance(c))
        return;
    /* A request that came through a proxy is not the instance's own. */
    if (http_in_header(c->http, "x-forwarded-for")) {
        call_fail_status(c, 403, "Forbidden", "forwarded requests are refused");
        return;
    }
    if (!ttl || !str_to_i64(ttl, strlen(ttl), &ttl_s) || ttl_s < 1 || ttl_s > TTL_MAX_S) {
        call_fail_status(c, 400, "Bad Request", TOKEN_TTL_HEADER " must be a number from 1 to %d", TTL_MAX_S);
        return;
    }
    char until[TOKEN_PLACE_MAX], token[TOKEN_MAX];
    str_fmt(until, sizeof until, "%lld", (long long)(c->now_ms + ttl_s * 1000));
    token_make(c->sim->salt, BIND, c->now_ms, until, token);
    c->out->type = "text/plain";
    reply_header(c->out, TOKEN_TTL_HEADER, ttl);
    strbuf_str(&c->out->body, token);
}

static bool token_is_good(struct call *c)
{
    const char *token = http_in_header(c->http, "x-aws-ec2-metadata-token");
    char until[TOKEN_PLACE_MAX];
    int64_t until_ms = 0;
    bool good = token ? token_open(c->sim->salt, BIND, c->now_ms, token, until) &&
                            str_to_i64(until, strlen(until), &until_ms) && until_ms > c->now_ms
                      : c->sim->identity.instance.v1;
    if (!good)
        call_fail_status(c, 401, "Unauthorized", "a token is %s", token ? "expired or not of this instance" : "needed");
    return good;
}

void imds_role(struct call *c)
{
    if (!have_instance(c) || !token_is_good(c))
        return;
    c->out->type = "text/plain";
    strbuf_str(&c->out->body, c->sim->identity.instance.role->name);
}

static void answer_credentials(struct call *c, struct sim_host *host, const char *session_name, bool is_instance)
{
    const struct sim_key *k = host_session(c->sim, host, session_name);
    if (!k) {
        call_fail_status(c, 503, "Service Unavailable", "awsim holds too many sessions");
        return;
    }
    char until[25], now[25];
    clock_iso(k->expires_ms, until);
    clock_iso(c->now_ms, now);
    json_t *o = json_pack("{ss ss ss ss}", "AccessKeyId", k->id, "SecretAccessKey", k->secret, "Token", k->token,
                          "Expiration", until);
    if (is_instance) {
        (void)json_object_set_new(o, "Code", json_string("Success"));
        (void)json_object_set_new(o, "Type", json_string("AWS-HMAC"));
        (void)json_object_set_new(o, "LastUpdated", json_string(now));
        c->out->type = "text/plain"; /* as it is */
    } else {
        (void)json_object_set_new(o, "RoleArn", json_string(host->role->arn));
        c->out->type = "application/json";
    }
    call_answer(c, o);
}

void imds_credentials(struct call *c)
{
    struct sim_host *instance = &c->sim->identity.instance;
    const char *name;
    if (!have_instance(c) || !token_is_good(c) || !arg_need_text(c, "role_name", 1, 64, &name))
        return;
    if (strcmp(name, instance->role->name) == 0)
        answer_credentials(c, instance, INSTANCE_NAME, true);
    else
        call_fail_status(c, 404, "Not Found", "no such role on this instance");
}

void container_credentials(struct call *c)
{
    struct sim_host *container = &c->sim->identity.container;
    const char *given = http_in_header(c->http, "authorization");
    if (!container->role)
        call_fail_status(c, 404, "ResourceNotFoundException", "no role is attached to this task");
    else if (container->authorization && (!given || strcmp(given, container->authorization) != 0))
        call_fail_status(c, 401, "AccessDeniedException", "the Authorization token is %s", given ? "wrong" : "missing");
    else
        answer_credentials(c, container, "task", false);
}
