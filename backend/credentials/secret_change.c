/* Everything that holds a value lies in struct secret or in the JSON allocator's memory,
 * which is wiped. */
#include "backend/credentials/secret_change.h"

#include "backend/aws/json.h"
#include "backend/base/mem.h"

static json_t *password_json(const struct secret *password)
{
    size_t n;
    const char *bytes = secret_peek(password, &n);
    return json_stringn(bytes, n);
}

static struct secret *dump(const json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT);
    if (text == NULL)
        return NULL;
    struct secret *s = secret_from(text, strlen(text));
    json_forget_text(text);
    return s;
}

/* `user` NULL: as it was. */
static bool change_object(json_t *o, const char *user, const struct secret *password)
{
    json_t *new = password_json(password);
    bool ok = new != NULL &&json_object_set(o, "password", new) == 0 &&
              (user == NULL || json_object_set_new(o, "username", json_string(user)) == 0);
    json_decref(new);
    return ok;
}

static struct secret *change_text(const char *text, size_t n, const char *user, const struct secret *password,
                                  struct why *why)
{
    size_t len, blank = strspn(text, " \t\r\n");
    if (text[blank] != '{' && user != NULL) {
        (void)why_set(why, ERR_SECRET_SHAPE, "it is a password alone: it has no member \"username\" to change");
        return NULL;
    }
    if (text[blank] != '{') {
        const char *bytes = secret_peek(password, &len);
        return secret_from(bytes, len);
    }
    struct why bad;
    struct secret *changed = NULL;
    json_t *o = json_read_object(text, n, &bad);
    if (o == NULL)
        (void)why_set(why, ERR_SECRET_SHAPE, "it begins with '{' but is %s", bad.text);
    else if (!json_is_string(json_object_get(o, "password")))
        (void)why_set(why, ERR_SECRET_SHAPE, "it has no text member \"password\"");
    else if (user != NULL && !json_is_string(json_object_get(o, "username")))
        (void)why_set(why, ERR_SECRET_SHAPE, "it has no text member \"username\"");
    else if (!change_object(o, user, password) || (changed = dump(o)) == NULL)
        (void)why_set(why, ERR_SECRET_SHAPE, "the new password or user is not UTF-8");
    json_decref(o);
    return changed;
}

struct secret *secret_change_password(const char *reply, size_t n, const struct secret *password, struct why *why)
{
    return secret_change_user(reply, n, NULL, password, why);
}

struct secret *secret_change_user(const char *reply, size_t n, const char *user, const struct secret *password,
                                  struct why *why)
{
    json_t *o = json_read_object(reply, n, why);
    if (o == NULL)
        return NULL;
    size_t len = 0;
    const char *text = json_text(o, "SecretString", &len);
    struct secret *changed = NULL;
    if (text != NULL && len > 0)
        changed = change_text(text, len, user, password, why);
    else
        (void)why_set(why, ERR_SECRET_BINARY, "only a SecretString can be changed");
    json_decref(o);
    return changed;
}

struct secret *secret_put_body(const char *secret_id, const char *token, const struct secret *value)
{
    json_t *o = json_pack("{ss ss so s[s]}", "SecretId", secret_id, "ClientRequestToken", token, "SecretString",
                          password_json(value), "VersionStages", "AWSPENDING");
    struct secret *body = dump(o);
    ASSERT(body != NULL); /* what is in it came out of JSON, or is ASCII */
    json_decref(o);
    return body;
}
