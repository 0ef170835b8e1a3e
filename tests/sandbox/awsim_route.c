#include "tests/sandbox/awsim_route.h"

#include "backend/base/mem.h"

static void set_resource(struct wanted *w)
{
    static const char *const members[] = {"SecretId", "Name",         "logGroupName", "logGroupIdentifier",
                                          "RoleArn",  "FunctionName", "role_name"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *s = json_string_value(json_object_get(w->body, members[i]));
        if (s && str_copy(w->resource, sizeof w->resource, s))
            return;
    }
    w->resource[0] = '\0';
}

/* ---------------------------------------------------------- percent text */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static json_t *decoded(const char *s, size_t n, bool plus_is_space)
{
    struct strbuf b;
    strbuf_init(&b, n + 1);
    for (size_t i = 0; i < n; i++) {
        int hi = s[i] == '%' && i + 2 < n ? hex_digit(s[i + 1]) : -1, lo = hi >= 0 ? hex_digit(s[i + 2]) : -1;
        if (lo >= 0) {
            strbuf_char(&b, (char)(hi * 16 + lo));
            i += 2;
        } else {
            strbuf_char(&b, s[i] == '+' && plus_is_space ? ' ' : s[i]);
        }
    }
    json_t *text = json_stringn(strbuf_peek(&b), b.len); /* NULL: not UTF-8 */
    strbuf_wipe(&b);
    return text ? text : json_string("");
}

/* name=value&name=value into the object; what should be a number becomes one. */
static void read_pairs(const char *p, size_t n, json_t *into)
{
    static const char *const numbers[] = {"DurationSeconds", "MaxItems"};
    for (const char *end = p + n; p < end;) {
        const char *amp = memchr(p, '&', (size_t)(end - p)), *stop = amp ? amp : end;
        const char *equals = memchr(p, '=', (size_t)(stop - p)), *name_end = equals ? equals : stop;
        json_t *name = decoded(p, (size_t)(name_end - p), true);
        json_t *value = equals ? decoded(equals + 1, (size_t)(stop - equals - 1), true) : json_string("");
        for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
            int64_t number;
            if (strcmp(json_string_value(name), numbers[i]) == 0 &&
                str_to_i64(json_string_value(value), json_string_length(value), &number)) {
                json_decref(value);
                value = json_integer(number);
            }
        }
        (void)json_object_set_new(into, json_string_value(name), value);
        json_decref(name);
        p = stop + 1;
    }
}

/* ---------------------------------------------------------------- routes */

struct route {
    const char *method, *head, *tail; /* what stands between the two is the parameter */
    enum sim_op op;
    const char *parameter; /* NULL: nothing may stand there */
    bool has_body;
};

#define FUNCTIONS "/2015-03-31/functions"

static const struct route routes[] = {
    {"PUT", "/latest/api/token", "", SIM_IMDS_TOKEN, NULL, false},
    {"GET", "/latest/meta-data/iam/security-credentials", "", SIM_IMDS_ROLE, NULL, false},
    {"GET", "/latest/meta-data/iam/security-credentials/", "", SIM_IMDS_ROLE, NULL, false},
    {"GET", "/latest/meta-data/iam/security-credentials/", "", SIM_IMDS_CREDENTIALS, "role_name", false},
    {"GET", "/container/creds", "", SIM_CONTAINER_CREDENTIALS, NULL, false},
    {"GET", "/federation/credentials", "", SIM_GET_ROLE_CREDENTIALS, NULL, false},
    {"POST", "/token", "", SIM_CREATE_TOKEN, NULL, true},
    {"GET", FUNCTIONS, "", SIM_LIST_FUNCTIONS, NULL, false},
    {"GET", FUNCTIONS "/", "", SIM_LIST_FUNCTIONS, NULL, false},
    {"GET", FUNCTIONS "/", "/configuration", SIM_GET_FUNCTION_CONFIGURATION, "FunctionName", false},
    {"PUT", FUNCTIONS "/", "/configuration", SIM_UPDATE_FUNCTION_CONFIGURATION, "FunctionName", true},
};

static bool route_fits(const struct route *r, const struct http_in *in)
{
    size_t n = strlen(in->path), head = strlen(r->head), tail = strlen(r->tail);
    if (strcmp(r->method, in->method) != 0 || n < head + tail || strncmp(in->path, r->head, head) != 0 ||
        strcmp(in->path + n - tail, r->tail) != 0)
        return false;
    const char *between = in->path + head;
    size_t nbetween = n - head - tail;
    return r->parameter ? nbetween > 0 && !memchr(between, '/', nbetween) : nbetween == 0;
}

static json_t *body_object(const struct http_in *in)
{
    json_t *body = json_loadb(in->body, in->body_len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(body))
        return body;
    json_decref(body);
    return NULL;
}

static void read_path(const struct http_in *in, struct wanted *w)
{
    const struct route *r = NULL;
    for (size_t i = 0; i < ARRAY_LEN(routes) && !r; i++)
        if (route_fits(&routes[i], in))
            r = &routes[i];
    if (!r) {
        if (strncmp(in->path, "/latest/", 8) == 0)
            w->service = SIM_IMDS;
        if (strncmp(in->path, FUNCTIONS, strlen(FUNCTIONS)) == 0)
            w->service = SIM_LAMBDA;
        return;
    }
    w->op = r->op;
    w->service = sim_op_row(r->op)->service;
    w->body = r->has_body ? body_object(in) : json_object();
    if (!w->body)
        return;
    read_pairs(in->query, strlen(in->query), w->body);
    size_t head = strlen(r->head), n = strlen(in->path) - head - strlen(r->tail);
    if (r->parameter)
        (void)json_object_set_new(w->body, r->parameter, decoded(in->path + head, n, false));
}

static void read_form(const struct http_in *in, struct wanted *w)
{
    w->service = SIM_STS;
    w->body = json_object();
    read_pairs(in->body, in->body_len, w->body);
    const char *action = json_string_value(json_object_get(w->body, "Action"));
    w->op = action ? sim_op_find(SIM_STS, action) : SIM_OPS;
}

static void read_target(const struct http_in *in, const char *target, struct wanted *w)
{
    for (enum sim_service s = 0; s < SIM_SERVICES; s++) {
        const char *prefix = sim_service_row(s)->target;
        size_t n = prefix ? strlen(prefix) : 0;
        if (n == 0 || strncmp(target, prefix, n) != 0 || target[n] != '.')
            continue;
        w->service = s;
        w->op = sim_op_find(s, target + n + 1);
    }
    w->body = body_object(in);
}

void wanted_read(const struct http_in *in, struct wanted *out)
{
    *out = (struct wanted){.op = SIM_OPS};
    const char *target = http_in_header(in, "x-amz-target"), *type = http_in_header(in, "content-type");
    if (strcmp(in->path, "/") != 0)
        read_path(in, out);
    else if (strcmp(in->method, "POST") == 0 && target)
        read_target(in, target, out);
    else if (strcmp(in->method, "POST") == 0 && type && strncmp(type, "application/x-www-form-urlencoded", 33) == 0)
        read_form(in, out);
    set_resource(out);
}

void wanted_clear(struct wanted *w)
{
    json_decref(w->body);
    w->body = NULL;
}
