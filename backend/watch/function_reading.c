#include "backend/watch/function_reading.h"

#include "backend/aws/json.h"
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/watch/watch.h"

#define VALUE_MAX 700     /* an ARN of a secret has at most some 600 */
#define NAMES_MAX 240     /* of variables that look like secrets, together */
#define VARIABLES_MAX 512 /* they have 4 KB together */

struct function_snap *function_blank(void)
{
    struct function_snap *s = mem_new(sizeof *s + 1);
    s->size = sizeof *s + 1;
    s->setup.modified_ms = s->groups_wall_ms = TIME_UNKNOWN;
    for (size_t i = 0; i < FUNCTION_GROUPS; i++)
        s->group_days[i] = GROUP_UNKNOWN;
    return s;
}

/* ---------------------------------------------------- what looks like a secret */

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool has_word(const char *name, const char *word)
{
    for (; *name != '\0'; name++) {
        size_t i = 0;
        while (word[i] != '\0' && upper(name[i]) == word[i])
            i++;
        if (word[i] == '\0')
            return true;
    }
    return false;
}

static bool ends_in(const char *name, const char *word)
{
    size_t n = strlen(name), m = strlen(word);
    return n >= m && has_word(name + n - m, word);
}

/* What such a variable says about a secret instead of saying it. */
static bool is_about(const char *name)
{
    static const char *const endings[] = {"_NAME", "_ARN",  "_ID",  "_FILE",   "_PATH",    "_TTL",  "_LENGTH",
                                          "_HOST", "_PORT", "_URL", "_EXPIRY", "_SECONDS", "_DAYS", "_ENABLED"};
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (ends_in(name, endings[i]))
            return true;
    return false;
}

/* scheme://user:password@host */
static bool has_password_in_url(const char *value)
{
    const char *from = strstr(value, "://");
    if (from == NULL)
        return false;
    from += 3;
    const char *end = from + strcspn(from, "/?# "), *at = NULL, *colon = NULL;
    for (const char *p = from; p < end; p++) {
        colon = *p == ':' && colon == NULL ? p : colon;
        at = *p == '@' ? p : at;
    }
    return at != NULL && colon != NULL && colon + 1 < at;
}

static bool is_reference(const char *value)
{
    return strncmp(value, "arn:", 4) == 0 || strncmp(value, "{{resolve:", 10) == 0;
}

enum function_secrecy function_secrecy(const char *name, const char *value)
{
    static const char *const database[] = {"PASSWORD", "PASSWD", "PASSPHRASE"};
    static const char *const other[] = {"TOKEN",      "SECRET",      "API_KEY",   "APIKEY",
                                        "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL"};
    if (value[0] == '\0' || is_reference(value))
        return FUNCTION_PLAIN;
    if (has_password_in_url(value))
        return FUNCTION_PASSWORD;
    if (is_about(name))
        return FUNCTION_PLAIN;
    for (size_t i = 0; i < ARRAY_LEN(database); i++)
        if (has_word(name, database[i]))
            return FUNCTION_PASSWORD;
    if (ends_in(name, "_PASS") || ends_in(name, "_PWD"))
        return FUNCTION_PASSWORD;
    for (size_t i = 0; i < ARRAY_LEN(other); i++)
        if (has_word(name, other[i]))
            return FUNCTION_SECRET;
    return FUNCTION_PLAIN;
}

/* -------------------------------------------------------------------- reading */

int64_t function_time(const char *text)
{
    int64_t ms;
    char utc[40];
    size_t n = strlen(text);
    if (n < 5 || n >= sizeof utc || (text[n - 5] != '+' && text[n - 5] != '-'))
        return TIME_UNKNOWN;
    (void)str_copy_n(utc, sizeof utc, text, n - 5);
    (void)str_fmt(utc + n - 5, sizeof utc - (n - 5), "Z");
    int64_t zone;
    if (!clock_parse_iso(utc, strlen(utc), &ms) || !str_to_i64(text + n - 4, 4, &zone))
        return TIME_UNKNOWN;
    int64_t minutes = zone / 100 * 60 + zone % 100;
    return ms - (text[n - 5] == '-' ? -minutes : minutes) * 60000;
}

/* The texts that a snapshot ends with, while they grow. */
struct reading {
    struct function_setup setup;
    struct strbuf text;
};

static uint16_t keep(struct reading *r, const char *bytes, size_t n)
{
    char safe[VALUE_MAX];
    uint16_t at = (uint16_t)r->text.len;
    (void)text_safe_name(safe, sizeof safe, bytes, n);
    strbuf_add(&r->text, safe, strlen(safe) + 1);
    return at;
}

/* ", NAME"; what there is no room for ends in dots. */
static void add_name(char names[NAMES_MAX], const char *name)
{
    char safe[80];
    size_t n = strlen(names);
    (void)text_safe_name(safe, sizeof safe, name, strlen(name));
    if (n + strlen(safe) + 8 < NAMES_MAX)
        (void)str_fmt(names + n, NAMES_MAX - n, "%s%s", n > 0 ? ", " : "", safe);
    else if (n > 0 && names[n - 1] != '.')
        (void)str_fmt(names + n, NAMES_MAX - n, ", ...");
}

static enum err read_variables(const json_t *o, struct reading *r, struct why *why)
{
    json_t *environment = json_object_get(o, "Environment"), *value;
    json_t *variables = json_object_get(environment, "Variables");
    char passwords[NAMES_MAX] = "", secrets[NAMES_MAX] = "";
    const char *name;
    r->setup.hidden = json_is_object(json_object_get(environment, "Error"));
    if (variables == NULL || json_is_null(variables))
        return ERR_OK;
    if (!json_is_object(variables) || json_object_size(variables) > VARIABLES_MAX)
        return why_set(why, ERR_MALFORMED, "the function's variables are no map");
    r->setup.nvariables = (unsigned)json_object_size(variables);
    json_object_foreach(variables, name, value)
    {
        const char *s = json_string_value(value);
        bool kept = false;
        for (int v = 0; s != NULL && v < FUNCTION_VARIABLES; v++)
            if (strcmp(name, function_variable_name((enum function_variable)v)) == 0 && !has_password_in_url(s)) {
                r->setup.value[v] = keep(r, s, json_string_length(value));
                kept = true;
            }
        enum function_secrecy secrecy = s == NULL || kept ? FUNCTION_PLAIN : function_secrecy(name, s);
        if (secrecy != FUNCTION_PLAIN)
            add_name(secrecy == FUNCTION_PASSWORD ? passwords : secrets, name);
    }
    r->setup.passwords = passwords[0] != '\0' ? keep(r, passwords, strlen(passwords)) : 0;
    r->setup.secrets = secrets[0] != '\0' ? keep(r, secrets, strlen(secrets)) : 0;
    return ERR_OK;
}

static void read_setup(const json_t *o, struct reading *r)
{
    const json_t *logging = json_object_get(o, "LoggingConfig");
    struct function_setup *s = &r->setup;
    char modified[40];
    size_t n = 0;
    (void)json_safe(o, "Runtime", s->runtime, sizeof s->runtime);
    (void)json_safe(o, "State", s->state, sizeof s->state);
    (void)json_safe(o, "LastUpdateStatus", s->update, sizeof s->update);
    (void)json_safe(o, "CodeSha256", s->code, sizeof s->code);
    (void)json_safe(logging, "ApplicationLogLevel", s->app_level, sizeof s->app_level);
    (void)json_safe(logging, "SystemLogLevel", s->system_level, sizeof s->system_level);
    (void)json_safe(o, "LastModified", modified, sizeof modified);
    s->modified_ms = function_time(modified);
    const char *group = json_text(logging, "LogGroup", &n);
    s->log_group = group != NULL && n > 0 ? keep(r, group, n) : 0;
}

enum err function_read(const char *reply, size_t n, struct function_snap **s, struct why *why)
{
    struct reading r = {.setup = {.modified_ms = TIME_UNKNOWN}};
    json_t *o = json_read_object(reply, n, why);
    if (o == NULL)
        return ERR_MALFORMED;
    strbuf_init(&r.text, UINT16_MAX);
    strbuf_char(&r.text, '\0'); /* place 0 is nobody's */
    enum err err = json_text(o, "FunctionName", NULL) != NULL
                       ? read_variables(o, &r, why)
                       : why_set(why, ERR_MALFORMED, "no FunctionName in the answer");
    if (err == ERR_OK)
        read_setup(o, &r);
    json_decref(o);
    if (err == ERR_OK) {
        struct function_snap *new = mem_new(sizeof *new + r.text.len);
        memcpy(new, *s, sizeof *new); /* nobody else has it yet */
        new->size = sizeof *new + r.text.len;
        new->setup = r.setup;
        memcpy(new->text, strbuf_peek(&r.text), r.text.len);
        free(*s);
        *s = new;
    }
    strbuf_wipe(&r.text);
    return err;
}
