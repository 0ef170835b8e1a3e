/* The thread that plays a rotation function. */
#include "tests/sandbox/awsim_rotation.h"

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/strbuf.h"
#include "tests/sandbox/awsim_listed.h"
#include "tests/sandbox/awsim_rotation_db.h"

#define RUNNING_MAX 64
#define PASSWORD_LENGTH 32

static const char *const step_names[ROTATION_STEPS] = {"createSecret", "setSecret", "testSecret", "finishSecret"};

/* One rotation; everything of the simulator's is looked up anew under its lock. */
struct job {
    struct sim *sim;
    struct realm *realm;
    char *arn, *ca;
    char token[65], stream[96];
    struct rotation_function function;
    char request[37]; /* of the invocation in hand */
};

void rotations_init(struct rotations *r)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->changed, &attr);
    pthread_condattr_destroy(&attr);
}

void rotations_stop(struct sim *s)
{
    struct rotations *r = &s->rotations;
    pthread_mutex_lock(&s->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->changed);
    while (r->running > 0)
        pthread_cond_wait(&r->changed, &s->lock);
    MEM_FREE(r->ca);
    pthread_mutex_unlock(&s->lock);
    pthread_cond_destroy(&r->changed);
}

struct rotation_function *rotation_function(struct rotations *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->functions[i].name, name) == 0)
            return &r->functions[i];
    return NULL;
}

enum rotation_step rotation_step_find(const char *name)
{
    size_t i = 0;
    while (i < ROTATION_STEPS && strcmp(step_names[i], name) != 0)
        i++;
    return (enum rotation_step)i;
}

const char *rotation_step_name(enum rotation_step step)
{
    ASSERT(step < ROTATION_STEPS);
    return step_names[step];
}

/* ------------------------------------------------------------------- its log */

static void write_line(struct job *j, const char *text)
{
    char group[200];
    struct store *store = &j->realm->store;
    int64_t now = sim_now_ms(j->sim);
    str_fmt(group, sizeof group, "/aws/lambda/%s", j->function.name);
    struct log_group *g = store_add_group(store, group, now);
    struct log_line line = {.t_ms = now, .ingested_ms = now, .text = text, .len = strlen(text)};
    (void)store_add_events(store, g, group_add_stream(g, j->stream, now), &line, 1);
}

/* "[INFO]\tTIME\tREQUEST\tSTEP: text", as Python's logger in a Lambda has it. */
static void say_locked(struct job *j, const char *level, enum rotation_step step, const char *text)
{
    char line[1024], time[29];
    clock_iso_ms(sim_now_ms(j->sim), time);
    str_fmt(line, sizeof line, "[%s]\t%s\t%s\t%s: %s\n", level, time, j->request, step_names[step], text);
    write_line(j, line);
}

static void say(struct job *j, enum rotation_step step, const char *fmt, ...) FORMAT(3, 4);
static void say(struct job *j, enum rotation_step step, const char *fmt, ...)
{
    char text[700];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    pthread_mutex_lock(&j->sim->lock);
    say_locked(j, "INFO", step, text);
    pthread_mutex_unlock(&j->sim->lock);
}

/* The logger's line and the exception that ends the invocation; always false. */
static bool fails(struct job *j, enum rotation_step step, const char *fmt, ...) FORMAT(3, 4);
static bool fails(struct job *j, enum rotation_step step, const char *fmt, ...)
{
    char text[512], line[800];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    str_fmt(
        line, sizeof line,
        "[ERROR] ValueError: %s\nTraceback (most recent call last):\n  File \"/var/task/lambda_function.py\", line 77, "
        "in lambda_handler\n",
        text);
    pthread_mutex_lock(&j->sim->lock);
    say_locked(j, "ERROR", step, text);
    write_line(j, line);
    pthread_mutex_unlock(&j->sim->lock);
    return false;
}

/* --------------------------------------------------------------------- steps */

static void random_password(char out[PASSWORD_LENGTH + 1])
{
    random_text(out, PASSWORD_LENGTH,
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,-.;<=>?[]^_{|}~");
}

/* The value of the version with this label, or of the token (label NULL); "" none. */
static char *value_of(struct job *j, const char *label)
{
    pthread_mutex_lock(&j->sim->lock);
    const struct vault_secret *s = vault_find(&j->realm->vault, j->arn);
    const struct vault_version *v = !s ? NULL : label ? vault_labelled(s, label) : vault_version(s, j->token);
    char *value = v && v->has_value && !v->is_binary ? mem_copy_bytes(v->bytes, v->len) : mem_copy_str("");
    pthread_mutex_unlock(&j->sim->lock);
    return value;
}

static void value_free(char *value)
{
    secret_wipe(value, strlen(value));
    free(value);
}

static bool login_of(struct job *j, const char *label, struct rotation_login *out, const char **out_missing)
{
    char *value = value_of(j, label);
    bool ok = rotation_login_read(value, strlen(value), out, out_missing);
    value_free(value);
    return ok;
}

static void put_value(struct job *j, const char *value)
{
    pthread_mutex_lock(&j->sim->lock);
    struct vault_secret *s = vault_find(&j->realm->vault, j->arn);
    struct vault_version *v = s ? vault_version(s, j->token) : NULL;
    if (v && !v->has_value)
        version_set_value(v, value, strlen(value), false);
    pthread_mutex_unlock(&j->sim->lock);
}

static bool step_create(struct job *j)
{
    char password[PASSWORD_LENGTH + 1];
    char *pending = value_of(j, NULL), *current = value_of(j, LABEL_CURRENT_NAME);
    bool there = pending[0] != '\0';
    struct rotation_login l = {0};
    const char *missing = NULL;
    bool usable = j->function.kind == ROTATES_SECRET || rotation_login_read(current, strlen(current), &l, &missing);
    random_password(password);
    if (!there && usable && j->function.kind == ROTATES_SECRET) {
        put_value(j, password);
    } else if (!there && usable) {
        json_t *o = json_loads(current, 0, NULL);
        (void)json_object_set_new(o, "password", json_string(password));
        char *text = json_dumps(o, JSON_COMPACT);
        put_value(j, text);
        value_free(text);
        json_decref(o);
    }
    secret_wipe(password, sizeof password);
    rotation_login_clear(&l);
    value_free(pending);
    value_free(current);
    if (!usable)
        return fails(j, STEP_CREATE, "%s key is missing from secret JSON", missing);
    if (there)
        say(j, STEP_CREATE, "Successfully retrieved secret for %s.", j->arn);
    else
        say(j, STEP_CREATE, "Successfully put secret for ARN %s and version %s.", j->arn, j->token);
    return true;
}

static bool step_set(struct job *j)
{
    struct rotation_login pending, as;
    const char *missing;
    char words[200] = "";
    bool ok = false;
    if (!login_of(j, NULL, &pending, &missing))
        return fails(j, STEP_SET, "%s key is missing from secret JSON", missing);
    if (rotation_can_log_in(&pending, j->ca)) {
        say(j, STEP_SET, "AWSPENDING secret is already set as password in PostgreSQL DB for secret arn %s.", j->arn);
        ok = true;
    } else if ((login_of(j, LABEL_CURRENT_NAME, &as, &missing) && rotation_can_log_in(&as, j->ca)) ||
               (login_of(j, LABEL_PREVIOUS_NAME, &as, &missing) && rotation_can_log_in(&as, j->ca))) {
        ok = rotation_set_password(&as, j->ca, pending.password, words, sizeof words);
        if (ok)
            say(j, STEP_SET, "Successfully set password for user %s in PostgreSQL DB for secret arn %s.", pending.user,
                j->arn);
        else
            (void)fails(j, STEP_SET, "%s", words);
        rotation_login_clear(&as);
    } else {
        (void)fails(j, STEP_SET,
                    "Unable to log into database with previous, current, or pending secret of secret arn %s", j->arn);
        rotation_login_clear(&as);
    }
    rotation_login_clear(&pending);
    return ok;
}

static bool step_test(struct job *j)
{
    struct rotation_login pending;
    const char *missing;
    bool ok = login_of(j, NULL, &pending, &missing) && rotation_can_log_in(&pending, j->ca);
    rotation_login_clear(&pending);
    if (!ok)
        return fails(j, STEP_TEST, "Unable to log into database with pending secret of secret ARN %s", j->arn);
    say(j, STEP_TEST, "Successfully signed into PostgreSQL DB with AWSPENDING secret in %s.", j->arn);
    return true;
}

/* The service takes AWSPENDING away when the rotation it began has worked. */
static bool step_finish(struct job *j)
{
    struct sim *s = j->sim;
    pthread_mutex_lock(&s->lock);
    struct vault_secret *secret = vault_find(&j->realm->vault, j->arn);
    struct vault_version *v = secret ? vault_version(secret, j->token) : NULL;
    if (v) {
        int64_t now = sim_now_ms(s);
        listed_keep(s, secret, now, false);
        (void)vault_move_label(secret, LABEL_CURRENT_NAME, v);
        (void)vault_move_label(secret, LABEL_PENDING_NAME, NULL);
        vault_mark_rotated(secret, now);
    }
    pthread_mutex_unlock(&s->lock);
    if (!v)
        return fails(j, STEP_FINISH, "Secret version %s has no stage for rotation of secret %s.", j->token, j->arn);
    say(j, STEP_FINISH, "Successfully set AWSCURRENT stage to version %s for secret %s.", j->token, j->arn);
    return true;
}

/* What every invocation looks at first; *out_done: the version is current already. */
static bool preamble(struct job *j, enum rotation_step step, bool *out_done)
{
    pthread_mutex_lock(&j->sim->lock);
    const struct vault_secret *s = vault_find(&j->realm->vault, j->arn);
    const struct vault_version *v = s ? vault_version(s, j->token) : NULL;
    bool enabled = s && s->rotation_enabled, current = v && version_has_label(v, LABEL_CURRENT_NAME);
    bool pending = v && version_has_label(v, LABEL_PENDING_NAME);
    pthread_mutex_unlock(&j->sim->lock);
    *out_done = enabled && current;
    if (!enabled)
        return fails(j, step, "Secret %s is not enabled for rotation", j->arn);
    if (current || pending)
        return true;
    return fails(j, step, "Secret version %s not set as AWSPENDING for rotation of secret %s.", j->token, j->arn);
}

/* False: the simulator stops. */
static bool wait_ms(struct job *j, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&j->sim->lock);
    while (!j->sim->rotations.stopping &&
           pthread_cond_timedwait(&j->sim->rotations.changed, &j->sim->lock, &until) == 0)
        ;
    bool goes_on = !j->sim->rotations.stopping;
    pthread_mutex_unlock(&j->sim->lock);
    return goes_on;
}

static bool run_step(struct job *j, enum rotation_step step)
{
    static bool (*const steps[ROTATION_STEPS])(struct job *) = {step_create, step_set, step_test, step_finish};
    bool done;
    if (!preamble(j, step, &done))
        return false;
    if (done)
        return true;
    if (j->function.fail_at == step)
        return fails(j, step, "%s", j->function.error);
    bool nothing_to_do = j->function.kind == ROTATES_SECRET && (step == STEP_SET || step == STEP_TEST);
    return nothing_to_do || steps[step](j);
}

static void *rotate(void *arg)
{
    struct job *j = arg;
    bool goes_on = true;
    for (enum rotation_step step = STEP_CREATE; goes_on && step < ROTATION_STEPS && step != j->function.stop_before;
         step++) {
        char line[200];
        random_text(j->request, 36, "0123456789abcdef");
        j->request[8] = j->request[13] = j->request[18] = j->request[23] = '-';
        if (!wait_ms(j, j->function.step_ms))
            break;
        str_fmt(line, sizeof line, "START RequestId: %s Version: $LATEST\n", j->request);
        pthread_mutex_lock(&j->sim->lock);
        write_line(j, line);
        pthread_mutex_unlock(&j->sim->lock);
        goes_on = run_step(j, step);
        str_fmt(line, sizeof line, "END RequestId: %s\n", j->request);
        pthread_mutex_lock(&j->sim->lock);
        write_line(j, line);
        pthread_mutex_unlock(&j->sim->lock);
    }
    struct sim *s = j->sim;
    free(j->arn);
    free(j->ca);
    free(j);
    pthread_mutex_lock(&s->lock);
    s->rotations.running--;
    pthread_cond_broadcast(&s->rotations.changed);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

bool rotation_begin(struct sim *s, struct realm *realm, const struct vault_secret *secret, const char *token)
{
    const char *colon = strrchr(secret->rotation_function, ':'), *name = colon ? colon + 1 : secret->rotation_function;
    const struct rotation_function *known = rotation_function(&s->rotations, name);
    if (s->rotations.running >= RUNNING_MAX || s->rotations.stopping)
        return false;
    struct job *j = mem_new(sizeof *j);
    *j = (struct job){.sim = s, .realm = realm, .arn = mem_copy_str(secret->arn), .ca = mem_copy_str(s->rotations.ca)};
    j->function = known ? *known : (struct rotation_function){.stop_before = ROTATION_STEPS, .fail_at = ROTATION_STEPS};
    (void)str_copy(j->function.name, sizeof j->function.name, name);
    (void)str_copy(j->token, sizeof j->token, token);
    char hex[33], day[25];
    random_text(hex, 32, "0123456789abcdef");
    clock_iso(sim_now_ms(s), day);
    str_fmt(j->stream, sizeof j->stream, "%.4s/%.2s/%.2s/[$LATEST]%s", day, day + 5, day + 8, hex);
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    bool begun = pthread_create(&thread, &attr, rotate, j) == 0;
    pthread_attr_destroy(&attr);
    if (begun) {
        s->rotations.running++;
        return true;
    }
    free(j->arn);
    free(j->ca);
    free(j);
    return false;
}
