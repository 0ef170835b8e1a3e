#include "backend/discover.h"

#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "backend/discover_found.h"
#include "backend/errand.h"

#define THREADS 6
#define TEXT_MAX ((size_t)16 << 20)
#define PAGES_MAX 100
#define FUNCTIONS_A_PAGE 25
#define TOKEN_MAX 4096
#define GROUP_FRONT "/aws/lambda/"

struct discover {
    struct discover_settings set;
    struct errand *errand;
    size_t nregions;
    struct found *found; /* by region; each written by one thread, then done */
};

/* One region's questions. */
struct asker {
    struct discover *d;
    const struct watch *w;
    struct aws *aws;
    struct aws_target target;
    struct found *f;
};

static void note_trouble(struct found *f, const struct why *why)
{
    if (f->ntroubles < ARRAY_LEN(f->troubles))
        (void)why_line(why, f->troubles[f->ntroubles++], sizeof f->troubles[0]);
}

static bool ask(struct asker *a, enum aws_op op, const char *body, json_t **out)
{
    struct aws_reply reply;
    struct why why = {0};
    enum err err = aws_call(a->aws, &a->target, op, body, a->w->conf->call_deadline_ms, &reply, a->w->cancel, &why);
    *out = err == ERR_OK ? json_read_object(reply.body, reply.len, &why) : NULL;
    if (*out == NULL)
        note_trouble(a->f, &why);
    return *out != NULL;
}

/* The next page's token; false: that was the last. */
static bool take_token(const json_t *o, const char *key, char token[TOKEN_MAX], struct found *f, int page)
{
    const char *next = json_text(o, key, NULL);
    bool more = next != NULL && next[0] != '\0' && strcmp(next, token) != 0;
    if (!more || page + 1 == PAGES_MAX) {
        f->cut |= more;
        return false;
    }
    return str_copy(token, TOKEN_MAX, next);
}

static void put_token(struct strbuf *b, const char *key, const char *token)
{
    if (token[0] == '\0')
        return;
    strbuf_fmt(b, ",\"%s\":", key);
    strbuf_json(b, token, strlen(token));
}

/* --------------------------------------------------------------- reading */

static bool read_identity(struct asker *a)
{
    struct aws_reply reply;
    struct why why = {0};
    struct found *f = a->f;
    enum err err =
        identity_region(aws_gate_identities(a->w->gate), a->target.profile, a->target.region, f->region, &why);
    if (err == ERR_OK)
        err = aws_call(a->aws, &a->target, AWS_GET_CALLER_IDENTITY, "", a->w->conf->call_deadline_ms, &reply,
                       a->w->cancel, &why);
    if (err == ERR_OK) {
        (void)aws_xml_text(reply.body, reply.len, "Arn", f->arn, sizeof f->arn);
        (void)aws_xml_text(reply.body, reply.len, "Account", f->account, sizeof f->account);
    } else {
        note_trouble(f, &why);
    }
    return err == ERR_OK;
}

static void add_secret(struct found *f, const json_t *o)
{
    json_t *tag;
    size_t i;
    f->secrets = mem_grow(f->secrets, f->nsecrets + 1, sizeof *f->secrets);
    struct found_secret *s = &f->secrets[f->nsecrets];
    *s = (struct found_secret){0};
    if (!json_safe(o, "Name", s->name, sizeof s->name))
        return;
    f->nsecrets++;
    (void)json_safe(o, "ARN", s->arn, sizeof s->arn);
    (void)json_safe(o, "Description", s->description, sizeof s->description);
    (void)json_safe(o, "RotationLambdaARN", s->rotation_function, sizeof s->rotation_function);
    s->rotated = json_yes(o, "RotationEnabled") == TRI_YES;
    s->owned = json_text(o, "OwningService", NULL) != NULL;
    json_array_foreach(json_object_get(o, "Tags"), i, tag)
    {
        if (s->ntags == FOUND_TAGS)
            break;
        (void)json_safe(tag, "Key", s->tags[s->ntags][0], sizeof s->tags[0][0]);
        if (json_safe(tag, "Value", s->tags[s->ntags][1], sizeof s->tags[0][1]))
            s->ntags++;
    }
}

static void read_secrets(struct asker *a)
{
    char token[TOKEN_MAX] = "";
    bool more = true;
    for (int page = 0; page < PAGES_MAX && more; page++) {
        struct strbuf body;
        json_t *o, *secret;
        size_t i;
        strbuf_init(&body, 2 * TOKEN_MAX);
        strbuf_str(&body, "{\"MaxResults\":100");
        put_token(&body, "NextToken", token);
        strbuf_char(&body, '}');
        bool good = ask(a, AWS_LIST_SECRETS, strbuf_peek(&body), &o);
        strbuf_clear(&body);
        if (!good)
            return;
        json_array_foreach(json_object_get(o, "SecretList"), i, secret) add_secret(a->f, secret);
        more = take_token(o, "NextToken", token, a->f, page);
        json_decref(o);
    }
    a->f->secrets_read = true;
}

static struct found_function *new_function(struct found *f)
{
    f->functions = mem_grow(f->functions, f->nfunctions + 1, sizeof *f->functions);
    f->functions[f->nfunctions] = (struct found_function){0};
    return &f->functions[f->nfunctions++];
}

/* Of the variables these and no other; of DB_PASSWORD that it is there. */
static void read_variables(struct found_function *fn, const json_t *environment)
{
    const json_t *variables = json_object_get(environment, "Variables");
    char mode[16];
    fn->hidden = json_is_object(json_object_get(environment, "Error"));
    (void)json_safe(variables, "DB_SECRET_NAME", fn->secret, sizeof fn->secret);
    (void)json_safe(variables, "DB_HOST", fn->host, sizeof fn->host);
    (void)json_safe(variables, "DB_PORT", fn->port, sizeof fn->port);
    (void)json_safe(variables, "DB_NAME", fn->dbname, sizeof fn->dbname);
    (void)json_safe(variables, "DB_USER", fn->user, sizeof fn->user);
    fn->production = json_safe(variables, "NODE_ENV", mode, sizeof mode) && strcmp(mode, "production") == 0;
    fn->has_password = json_object_get(variables, "DB_PASSWORD") != NULL;
}

static void add_encoded(struct strbuf *b, const char *s)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *s != '\0'; s++) {
        if (strchr(plain, *s) != NULL)
            strbuf_char(b, *s);
        else
            strbuf_fmt(b, "%%%02X", (unsigned)(unsigned char)*s);
    }
}

static void read_functions(struct asker *a)
{
    char marker[TOKEN_MAX] = "";
    bool more = true;
    for (int page = 0; page < PAGES_MAX && more; page++) {
        struct strbuf query;
        json_t *o, *function;
        size_t i;
        strbuf_init(&query, 3 * TOKEN_MAX);
        if (marker[0] != '\0') {
            strbuf_str(&query, "Marker=");
            add_encoded(&query, marker);
            strbuf_char(&query, '&');
        }
        strbuf_fmt(&query, "MaxItems=%d", FUNCTIONS_A_PAGE);
        a->target.query = strbuf_peek(&query);
        bool good = ask(a, AWS_LIST_FUNCTIONS, "", &o);
        a->target.query = NULL;
        strbuf_clear(&query);
        if (good) {
            json_array_foreach(json_object_get(o, "Functions"), i, function)
            {
                struct found_function *fn = new_function(a->f);
                (void)json_safe(function, "FunctionName", fn->name, sizeof fn->name);
                (void)json_safe(json_object_get(function, "LoggingConfig"), "LogGroup", fn->log_group,
                                sizeof fn->log_group);
                read_variables(fn, json_object_get(function, "Environment"));
            }
            more = take_token(o, "NextMarker", marker, a->f, page);
            json_decref(o);
        }
        aws_forget(a->aws);
        if (!good)
            return;
    }
    a->f->functions_read = true;
}

static void read_groups(struct asker *a)
{
    char token[TOKEN_MAX] = "";
    bool more = true;
    for (int page = 0; page < PAGES_MAX && more; page++) {
        struct strbuf body;
        json_t *o, *group;
        size_t i;
        strbuf_init(&body, 2 * TOKEN_MAX);
        strbuf_str(&body, "{\"limit\":50");
        put_token(&body, "nextToken", token);
        strbuf_char(&body, '}');
        bool good = ask(a, AWS_DESCRIBE_LOG_GROUPS, strbuf_peek(&body), &o);
        strbuf_clear(&body);
        if (!good)
            return;
        json_array_foreach(json_object_get(o, "logGroups"), i, group)
        {
            a->f->groups = mem_grow(a->f->groups, a->f->ngroups + 1, sizeof *a->f->groups);
            if (json_safe(group, "logGroupName", a->f->groups[a->f->ngroups], sizeof *a->f->groups))
                a->f->ngroups++;
        }
        more = take_token(o, "nextToken", token, a->f, page);
        json_decref(o);
    }
    a->f->groups_read = true;
}

/* Where functions cannot be listed, their log groups' names stand for them. */
static void make_up_functions(struct found *f)
{
    size_t front = sizeof GROUP_FRONT - 1;
    for (size_t i = 0; i < f->ngroups; i++) {
        if (strncmp(f->groups[i], GROUP_FRONT, front) != 0)
            continue;
        struct found_function *fn = new_function(f);
        (void)str_copy(fn->name, sizeof fn->name, f->groups[i] + front);
        (void)str_copy(fn->log_group, sizeof fn->log_group, f->groups[i]);
    }
}

static void run(void *ctx, const struct watch *w, struct aws *aws, size_t item)
{
    struct discover *d = ctx;
    struct asker a = {.d = d,
                      .w = w,
                      .aws = aws,
                      .f = &d->found[item],
                      .target = {.profile = d->set.profile,
                                 .region = d->set.regions[0] != NULL ? d->set.regions[item] : NULL,
                                 .endpoint_url = d->set.conf->endpoint_url}};
    if (!read_identity(&a))
        return;
    read_secrets(&a);
    if (!w->audit)
        read_functions(&a);
    read_groups(&a);
    if (!a.f->functions_read && a.f->nfunctions == 0)
        make_up_functions(a.f);
}

/* ----------------------------------------------------------------- whole */

struct discover *discover_start(const struct discover_settings *s, struct why *why)
{
    struct discover *d = mem_new(sizeof *d);
    d->set = *s;
    while (s->regions[d->nregions] != NULL)
        d->nregions++;
    d->nregions = d->nregions > 0 ? d->nregions : 1;
    d->found = mem_array(d->nregions, sizeof *d->found);
    d->errand = errand_start(&(struct errand_settings){.conf = s->conf,
                                                       .audit = s->audit,
                                                       .name = "discover",
                                                       .items = d->nregions,
                                                       .threads = THREADS,
                                                       .run = run,
                                                       .ctx = d},
                             why);
    return d->errand != NULL ? d : discover_stop(d);
}

int discover_wake_fd(const struct discover *d)
{
    return errand_wake_fd(d->errand);
}

void discover_wake_drain(struct discover *d)
{
    errand_wake_drain(d->errand);
}

bool discover_is_done(const struct discover *d)
{
    for (size_t i = 0; i < d->nregions; i++)
        if (!errand_is_done(d->errand, i))
            return false;
    return true;
}

char *discover_text(const struct discover *d, struct discovered *out)
{
    struct found_look look = {.profile = d->set.profile};
    struct strbuf text;
    char iso[25];
    *out = (struct discovered){0};
    clock_iso(clock_wall_ms(clock_real()), iso);
    strbuf_init(&text, TEXT_MAX);
    strbuf_fmt(
        &text,
        "# Written by credtop discover, %s%s.\n# Each guess says why it was made: look at them, then run\n"
        "#   credtop config check FILE, credtop --config FILE doctor\n"
        "# Where a database's certificate is not signed by an authority this machine trusts (RDS, for one), each\n"
        "# environment wants db_sslrootcert = FILE.\n\n[credtop]\n",
        iso,
        d->set.audit ? ", in audit mode: functions were not asked for, their log groups' names stand for them" : "");
    if (d->set.conf->endpoint_url != NULL)
        strbuf_fmt(&text, "endpoint_url = %s\n", d->set.conf->endpoint_url);
    if (d->set.audit)
        strbuf_str(&text, "mode = audit\n");
    for (size_t i = 0; i < d->nregions; i++) {
        const struct found *f = &d->found[i];
        out->environments += found_write(f, &look, &text);
        out->troubles += f->ntroubles + f->cut;
        out->asked |= f->secrets_read;
        if (out->trouble[0] == '\0' && f->ntroubles > 0)
            (void)str_copy(out->trouble, sizeof out->trouble, f->troubles[0]);
    }
    free(look.names);
    return strbuf_take(&text);
}

struct discover *discover_stop(struct discover *d)
{
    if (d == NULL)
        return NULL;
    d->errand = errand_stop(d->errand);
    for (size_t i = 0; i < d->nregions; i++)
        found_clear(&d->found[i]);
    free(d->found);
    free(d);
    return NULL;
}
