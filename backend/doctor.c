#include "backend/doctor.h"

#include <stdarg.h>

#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/text.h"
#include "backend/doctor_look.h"
#include "backend/errand.h"

#define THREADS 8

struct doctor {
    struct errand *errand;
    size_t nparts;
    struct doctor_part *parts; /* each written by one thread, then done */
};

void look_add(struct look *l, enum finding_level level, const char *next, const char *fmt, ...)
{
    va_list args;
    if (l->part->n == FINDINGS_MAX)
        return; /* an environment with dozens of log groups: the first tell enough */
    struct finding *f = &l->part->findings[l->part->n++];
    char raw[sizeof f->text];
    va_start(args, fmt);
    int n = vsnprintf(raw, sizeof raw, fmt, args);
    va_end(args);
    f->level = level;
    text_safe(f->text, sizeof f->text, raw, n < 0 ? 0 : strnlen(raw, sizeof raw));
    text_safe(f->next, sizeof f->next, next != NULL ? next : "", next != NULL ? strlen(next) : 0);
}

static void run(void *ctx, const struct watch *w, struct aws *aws, size_t item)
{
    static const struct config_environment nobody;
    struct doctor *d = ctx;
    bool configured = item < w->conf->nenvironments;
    struct look l = {.w = w,
                     .aws = aws,
                     .env = item,
                     .conf = configured ? &w->conf->environments[item] : &nobody,
                     .part = &d->parts[item]};
    if (configured)
        l.target = watch_target(w, item);
    bool uses_aws = !configured || l.conf->mode == CONFIG_PRODUCTION || l.conf->log_groups[0] != NULL;
    bool answers = uses_aws && look_identity(&l);
    if (configured && answers) {
        look_permissions(&l);
        look_logs(&l);
    }
    if (configured)
        look_database(&l, answers || l.conf->mode == CONFIG_DEVELOPMENT);
}

struct doctor *doctor_start(const struct config *conf, bool audit, struct why *why)
{
    struct doctor *d = mem_new(sizeof *d);
    d->nparts = conf->nenvironments > 0 ? conf->nenvironments : 1;
    d->parts = mem_array(d->nparts, sizeof *d->parts);
    d->errand = errand_start(&(struct errand_settings){.conf = conf,
                                                       .audit = audit,
                                                       .name = "doctor",
                                                       .items = d->nparts,
                                                       .threads = THREADS,
                                                       .run = run,
                                                       .ctx = d},
                             why);
    return d->errand != NULL ? d : doctor_stop(d);
}

int doctor_wake_fd(const struct doctor *d)
{
    return errand_wake_fd(d->errand);
}

void doctor_wake_drain(struct doctor *d)
{
    errand_wake_drain(d->errand);
}

size_t doctor_parts(const struct doctor *d)
{
    return d->nparts;
}

const struct doctor_part *doctor_part(const struct doctor *d, size_t i)
{
    return errand_is_done(d->errand, i) ? &d->parts[i] : NULL;
}

bool doctor_skew_ms(const struct doctor *d, int64_t *out)
{
    return errand_skew_ms(d->errand, out);
}

bool doctor_memory_locked(void)
{
    return secret_memory_locked();
}

struct doctor *doctor_stop(struct doctor *d)
{
    if (d == NULL)
        return NULL;
    d->errand = errand_stop(d->errand);
    free(d->parts);
    free(d);
    return NULL;
}
