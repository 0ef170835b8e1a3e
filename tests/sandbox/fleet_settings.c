#include "tests/sandbox/fleet_settings.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "backend/base/mem.h"

#define CONTAINERS_MAX 200

struct reading {
    const char *path;
    size_t at; /* which environment */
    struct why *why;
    enum err err; /* the first mistake; later ones are not reported */
};

static void mistake(struct reading *r, const char *member, const char *what)
{
    if (r->err == ERR_OK)
        r->err = why_set(r->why, ERR_SETTING, "%s: environments[%zu].%s: %s", r->path, r->at, member, what);
}

static const char *text_of(struct reading *r, const json_t *o, const char *member)
{
    const json_t *v = json_object_get(o, member);
    if (json_is_string(v) && json_string_length(v) > 0 && json_string_length(v) < 256 &&
        strpbrk(json_string_value(v), "\"\\") == NULL)
        return json_string_value(v);
    mistake(r, member, "must be a text of 1 to 255 bytes without quotes and backslashes");
    return "";
}

static int number_of(struct reading *r, const json_t *o, const char *member, int least, int most)
{
    const json_t *v = json_object_get(o, member);
    if (json_is_integer(v) && json_integer_value(v) >= least && json_integer_value(v) <= most)
        return (int)json_integer_value(v);
    char words[64];
    (void)snprintf(words, sizeof words, "must be a whole number from %d to %d", least, most);
    mistake(r, member, words);
    return least;
}

static bool yes_of(struct reading *r, const json_t *o, const char *member)
{
    const json_t *v = json_object_get(o, member);
    if (!json_is_boolean(v))
        mistake(r, member, "must be true or false");
    return json_is_true(v);
}

static enum fleet_format format_of(struct reading *r, const json_t *o)
{
    static const char *const names[] = {"text", "json", "python"};
    const char *s = json_string_value(json_object_get(o, "format"));
    for (size_t i = 0; s != NULL && i < ARRAY_LEN(names); i++)
        if (strcmp(s, names[i]) == 0)
            return (enum fleet_format)i;
    mistake(r, "format", "must be text, json or python");
    return FLEET_TEXT;
}

static void read_variables(struct reading *r, json_t *o, struct flow_env *out)
{
    json_t *all = json_object_get(o, "variables"), *v;
    const char *key;
    if (!json_is_object(all) || json_object_size(all) > 64) {
        mistake(r, "variables", "must be an object of at most 64 texts");
        return;
    }
    json_object_foreach(all, key, v)
    {
        if (strlen(key) > 100 || !json_is_string(v) || json_string_length(v) > 4096)
            mistake(r, "variables", "must be texts of at most 4096 bytes, with names of at most 100");
        else
            flow_env_set(out, key, json_string_value(v), json_string_length(v));
    }
}

static void read_environment(struct reading *r, json_t *o, struct fleet_env_settings *e)
{
    if (!json_is_object(o)) {
        mistake(r, "", "must be an object");
        return;
    }
    e->name = text_of(r, o, "name");
    e->account = text_of(r, o, "account");
    e->region = text_of(r, o, "region");
    e->profile = text_of(r, o, "profile");
    e->secret = text_of(r, o, "secret");
    e->group = text_of(r, o, "group");
    e->function = text_of(r, o, "function");
    e->containers = number_of(r, o, "containers", 1, CONTAINERS_MAX);
    e->fallback = number_of(r, o, "fallback", 0, e->containers);
    e->stale = number_of(r, o, "stale", 0, e->containers - e->fallback);
    e->reconnect_every = number_of(r, o, "reconnect_every", 1, 1000000);
    e->past = yes_of(r, o, "past");
    e->rotate = yes_of(r, o, "rotate");
    e->grow = yes_of(r, o, "grow");
    e->hostile = yes_of(r, o, "hostile");
    e->fetch_in_init = yes_of(r, o, "fetch_in_init");
    e->format = format_of(r, o);
    e->variables = flow_env_new();
    read_variables(r, o, e->variables);
}

enum err fleet_settings_load(const char *path, struct fleet_settings *out, struct why *why)
{
    json_error_t error;
    *out = (struct fleet_settings){0};
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL && error.line < 0)
        return why_set(why, ERR_IO, "%s", error.text);
    if (root == NULL)
        return why_set(why, ERR_MALFORMED, "%s:%d: %s", path, error.line, error.text);
    out->json = root;
    json_t *all = json_object_get(root, "environments");
    size_t n = json_array_size(all);
    if (n == 0 || n > FLEET_ENVIRONMENTS_MAX) {
        fleet_settings_clear(out);
        return why_set(why, ERR_SETTING, "%s: environments: must be a list of 1 to %d", path, FLEET_ENVIRONMENTS_MAX);
    }
    struct reading r = {.path = path, .why = why};
    for (r.at = 0; r.at < n; r.at++)
        read_environment(&r, json_array_get(all, r.at), &out->environments[r.at]);
    out->n = n;
    if (r.err != ERR_OK)
        fleet_settings_clear(out);
    return r.err;
}

void fleet_settings_clear(struct fleet_settings *s)
{
    for (size_t i = 0; i < s->n; i++)
        s->environments[i].variables = flow_env_free(s->environments[i].variables);
    json_decref(s->json);
    *s = (struct fleet_settings){0};
}
