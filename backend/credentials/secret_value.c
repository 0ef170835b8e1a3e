/* Reads a secret's value.  The bytes lie in the wiped memory of aws_call's answer
 * and of the JSON allocator; what leaves here is the password in a struct secret
 * and the rest as plain fields.  Messages name members, never values. */
#include "backend/credentials/secret_value.h"

#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/wiping.h"

/* What Secrets Manager allows in a secret's name, and an ARN. */
#define ARN_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+=.@:!-"

/* A text member into a fixed field; absent leaves the field as it was. */
static enum err take_text(const json_t *o, const char *key, char *out, size_t size, enum db_source *from,
                          struct why *why)
{
    const json_t *v = json_object_get(o, key);
    if (v == NULL || json_is_null(v))
        return ERR_OK;
    if (!json_is_string(v) || json_string_length(v) == 0)
        return why_set(why, ERR_SECRET_SHAPE, "member \"%s\" is not a text", key);
    if (json_string_length(v) >= size)
        return why_set(why, ERR_SECRET_SHAPE, "member \"%s\" is longer than %zu bytes", key, size - 1);
    (void)str_copy(out, size, json_string_value(v));
    *from = FROM_SECRET;
    return ERR_OK;
}

/* RDS writes a number; people write a string. */
static enum err take_port(const json_t *o, struct db_params *p, struct why *why)
{
    const json_t *v = json_object_get(o, "port");
    int64_t port = 0;
    if (v == NULL || json_is_null(v))
        return ERR_OK;
    if (json_is_integer(v))
        port = json_integer_value(v);
    else if (!json_is_string(v) || !str_to_i64(json_string_value(v), json_string_length(v), &port))
        port = 0;
    if (port < 1 || port > 65535)
        return why_set(why, ERR_SECRET_SHAPE, "member \"port\" is not a port (1 to 65535, as number or text)");
    p->port = (uint16_t)port;
    p->port_from = FROM_SECRET;
    return ERR_OK;
}

static void take_password(struct db_params *p, const char *bytes, size_t n)
{
    p->password = secret_free(p->password);
    p->password = secret_from(bytes, n);
    p->password_from = FROM_SECRET;
#ifdef CT_LEAKY
    /* A program that forgets a copy, for the test that looks for such copies. */
    static char *volatile forgotten __attribute__((unused));
    forgotten = mem_copy_bytes(bytes, n);
#endif
}

static enum err apply_object(const json_t *o, struct db_params *p, struct why *why)
{
    enum err err;
    const json_t *password = json_object_get(o, "password");
    if (!json_is_string(password) || json_string_length(password) == 0)
        return why_set(why, ERR_SECRET_SHAPE, "it has no text member \"password\"");
    if ((err = take_text(o, "username", p->user, sizeof p->user, &p->user_from, why)) != ERR_OK ||
        (err = take_text(o, "host", p->host, sizeof p->host, &p->host_from, why)) != ERR_OK ||
        (err = take_text(o, "database", p->dbname, sizeof p->dbname, &p->dbname_from, why)) != ERR_OK ||
        (err = take_text(o, "dbname", p->dbname, sizeof p->dbname, &p->dbname_from, why)) != ERR_OK ||
        (err = take_port(o, p, why)) != ERR_OK)
        return err;
    const char *engine = json_text(o, "engine", NULL);
    if (engine != NULL && strstr(engine, "postgres") == NULL)
        return why_set(why, ERR_SECRET_SHAPE, "member \"engine\" is not postgres");
    take_password(p, json_string_value(password), json_string_length(password));
    return ERR_OK;
}

static bool looks_like_object(const char *s, size_t n)
{
    while (n > 0 && (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r'))
        s++, n--;
    return n > 0 && *s == '{';
}

/* jansson refuses it, since C strings end there; the operator hears of it by name. */
static bool has_nul(const char *json, size_t n)
{
    return memmem(json, n, "\\u0000", 6) != NULL;
}

static enum err nul_why(struct why *why)
{
    return why_set(why, ERR_SECRET_SHAPE, "it has a NUL character (\\u0000) in it, which PostgreSQL cannot have");
}

static enum err apply_string(const char *s, size_t n, struct db_params *p, struct why *why)
{
    if (n == 0)
        return why_set(why, ERR_SECRET_SHAPE, "it is empty");
    if (!looks_like_object(s, n)) {
        take_password(p, s, n); /* a plain string is the password, whole: no trimming */
        return ERR_OK;
    }
    struct why bad;
    json_t *o = json_read_object(s, n, &bad);
    if (o == NULL && has_nul(s, n))
        return nul_why(why);
    if (o == NULL)
        return why_set(why, ERR_SECRET_SHAPE, "it begins with '{' but is %s", bad.text);
    enum err err = apply_object(o, p, why);
    json_decref(o);
    return err;
}

enum err secret_value_apply(const char *reply, size_t n, struct db_params *params, struct why *why)
{
    json_t *o = json_read_object(reply, n, why);
    if (o == NULL)
        return has_nul(reply, n) ? nul_why(why) : ERR_MALFORMED;
    struct db_params p = {0};
    db_params_copy(&p, params);
    size_t len = 0;
    const char *text = json_text(o, "SecretString", &len);
    enum err err;
    if (text != NULL)
        err = apply_string(text, len, &p, why);
    else if (json_text(o, "SecretBinary", NULL) != NULL)
        err = why_set(why, ERR_SECRET_BINARY, "a Lambda of this kind reads SecretString");
    else
        err = why_set(why, ERR_MALFORMED, "neither SecretString nor SecretBinary in the answer");
    if (err == ERR_OK) {
        (void)json_safe(o, "VersionId", p.version_id, sizeof p.version_id);
        db_params_clear(params);
        *params = p; /* the password moves along */
    } else {
        db_params_clear(&p);
    }
    json_decref(o);
    return err;
}

enum err secret_value_fetch(struct aws *aws, const struct aws_target *target, const char *secret, const char *stage,
                            int64_t deadline_ms, struct db_params *params, struct cancel *c, struct why *why)
{
    struct strbuf body;
    struct aws_reply reply;
    strbuf_init(&body, 8192);
    strbuf_str(&body, "{\"SecretId\":");
    strbuf_json(&body, secret, strlen(secret));
    strbuf_str(&body, ",\"VersionStage\":");
    strbuf_json(&body, stage, strlen(stage));
    strbuf_char(&body, '}');
    enum err err = aws_call(aws, target, AWS_GET_SECRET_VALUE, strbuf_peek(&body), deadline_ms, &reply, c, why);
    strbuf_clear(&body);
    if (err == ERR_OK) {
        err = secret_value_apply(reply.body, reply.len, params, why);
        if (err != ERR_OK && why != NULL)
            (void)str_copy(why->call, sizeof why->call, "GetSecretValue");
    }
    aws_forget(aws);
    wiping_stack();
    return err;
}

void secret_value_masterarn(const char *reply, size_t n, char *out, size_t size)
{
    struct why why;
    size_t len = 0;
    json_t *o = json_read_object(reply, n, &why);
    const char *text = json_text(o, "SecretString", &len);
    json_t *value = text != NULL && looks_like_object(text, len) ? json_read_object(text, len, &why) : NULL;
    const char *arn = json_text(value, "masterarn", NULL);
    if (arn == NULL || strspn(arn, ARN_CHARS) != strlen(arn) || !str_copy(out, size, arn))
        (void)str_copy(out, size, "");
    json_decref(value);
    json_decref(o);
}
