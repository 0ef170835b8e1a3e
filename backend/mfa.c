#include "backend/mfa.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define WAIT_MS (5 * 60 * 1000)
#define TURNED_DOWN_MAX 32

enum outcome { OUTCOME_NONE, OUTCOME_CODE, OUTCOME_TURNED_DOWN };

struct mfa {
    struct wake *wake; /* borrowed */
    int answered;      /* an eventfd: written by an answer, read by who waits */
    pthread_mutex_t lock;
    /* guarded by lock */
    bool asking;
    struct mfa_view question;
    uint64_t last_id;
    enum outcome outcome;
    char code[MFA_CODE_MAX + 1];        /* wiped when taken */
    char *turned_down[TURNED_DOWN_MAX]; /* serial and role */
    size_t nturned_down;
};

struct mfa *mfa_new(struct wake *wake)
{
    struct mfa *m = mem_new(sizeof *m);
    m->wake = wake;
    m->answered = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->answered < 0) {
        free(m);
        return NULL;
    }
    ASSERT(pthread_mutex_init(&m->lock, NULL) == 0);
    return m;
}

static void forget_turned_down_locked(struct mfa *m)
{
    while (m->nturned_down > 0)
        free(m->turned_down[--m->nturned_down]);
}

struct mfa *mfa_free(struct mfa *m)
{
    if (m == NULL)
        return NULL;
    ASSERT(!m->asking); /* else a thread outlived the pools */
    forget_turned_down_locked(m);
    (void)close(m->answered); /* an eventfd: nothing can be lost */
    (void)pthread_mutex_destroy(&m->lock);
    free(m);
    return NULL;
}

static void name_of(const struct mfa_question *q, char out[512])
{
    (void)str_fmt(out, 512, "%s\n%s", q->serial, q->role_arn);
}

static bool is_turned_down_locked(const struct mfa *m, const char *name)
{
    for (size_t i = 0; i < m->nturned_down; i++)
        if (strcmp(m->turned_down[i], name) == 0)
            return true;
    return false;
}

static enum err begin(struct mfa *m, const struct mfa_question *q, const char *name, struct why *why)
{
    enum err err = ERR_OK;
    pthread_mutex_lock(&m->lock);
    if (is_turned_down_locked(m, name)) {
        err = why_set(why, ERR_NO_CREDENTIALS, "no code was given for %s; a refresh asks again", q->serial);
    } else if (m->asking) {
        err = why_set(why, ERR_BUSY, "another MFA code is being asked for");
    } else {
        uint64_t old;
        (void)!read(m->answered, &old, sizeof old); /* nothing is in it unless an answer came too late */
        m->asking = true;
        m->outcome = OUTCOME_NONE;
        m->question.id = ++m->last_id;
        (void)text_safe(m->question.serial, sizeof m->question.serial, q->serial, strlen(q->serial));
        (void)text_safe(m->question.role, sizeof m->question.role, q->role_arn, strlen(q->role_arn));
    }
    pthread_mutex_unlock(&m->lock);
    if (err == ERR_OK)
        wake_ring(m->wake);
    return err;
}

/* Closes the question; what was not answered counts as turned down, but for a stop. */
static enum err end(struct mfa *m, const struct mfa_question *q, const char *name, bool cancelled,
                    char out_code[MFA_CODE_MAX + 1], struct why *why)
{
    enum err err = ERR_OK;
    pthread_mutex_lock(&m->lock);
    m->asking = false;
    if (m->outcome == OUTCOME_CODE)
        (void)str_copy(out_code, MFA_CODE_MAX + 1, m->code);
    else if (cancelled)
        err = why_set(why, ERR_CANCELLED, NULL);
    else
        err = why_set(why, ERR_NO_CREDENTIALS, "no code was given for %s; a refresh asks again", q->serial);
    secret_wipe(m->code, sizeof m->code);
    if (err == ERR_NO_CREDENTIALS && m->nturned_down < TURNED_DOWN_MAX)
        m->turned_down[m->nturned_down++] = mem_copy_str(name);
    pthread_mutex_unlock(&m->lock);
    wake_ring(m->wake);
    return err;
}

enum err mfa_ask(void *ctx, const struct mfa_question *q, char out_code[MFA_CODE_MAX + 1], struct cancel *c,
                 struct why *why)
{
    struct mfa *m = ctx;
    char name[512];
    name_of(q, name);
    enum err err = begin(m, q, name, why);
    if (err != ERR_OK)
        return err;
    int woken = cancel_wait_fd(c, m->answered, POLLIN, clock_mono_ms(clock_real()) + WAIT_MS);
    return end(m, q, name, woken < 0, out_code, why);
}

bool mfa_wanted(struct mfa *m, struct mfa_view *out)
{
    pthread_mutex_lock(&m->lock);
    bool wanted = m->asking && m->outcome == OUTCOME_NONE;
    if (wanted)
        *out = m->question;
    pthread_mutex_unlock(&m->lock);
    return wanted;
}

bool mfa_answer(struct mfa *m, uint64_t id, const char *code)
{
    bool is_code = code == NULL || (strlen(code) == MFA_CODE_MAX && strspn(code, "0123456789") == MFA_CODE_MAX);
    uint64_t one = 1;
    pthread_mutex_lock(&m->lock);
    bool taken = is_code && m->asking && m->outcome == OUTCOME_NONE && m->question.id == id;
    if (taken) {
        m->outcome = code != NULL ? OUTCOME_CODE : OUTCOME_TURNED_DOWN;
        (void)str_copy(m->code, sizeof m->code, code != NULL ? code : "");
        while (write(m->answered, &one, sizeof one) < 0 && errno == EINTR)
            continue;
    }
    pthread_mutex_unlock(&m->lock);
    return taken;
}

void mfa_again(struct mfa *m)
{
    pthread_mutex_lock(&m->lock);
    forget_turned_down_locked(m);
    pthread_mutex_unlock(&m->lock);
}
