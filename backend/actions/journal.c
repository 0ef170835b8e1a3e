#include "backend/actions/journal.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <syslog.h>

#include "backend/actions/journal_file.h"
#include "backend/actions/journal_who.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"

#define FILE_MAX ((size_t)16 << 20)
#define PATIENCE_MS 10000
#define LAST_PATIENCE_MS 50 /* at the end of the program */
#define FIELD_MAX 700       /* bytes of one text; twice that once escaped */

struct journal {
    struct journal_settings s;
    char session[17];

    pthread_mutex_t lock;
    /* guarded by lock */
    bool started;
    char watches_told[4][48]; /* their operations */
    struct journal_who who;
};

const char *journal_kind_word(enum journal_kind k)
{
    static const char *const words[JOURNAL_KINDS] = {[JOURNAL_SESSION_START] = "session.start",
                                                     [JOURNAL_SESSION_END] = "session.end",
                                                     [JOURNAL_WATCH] = "watch",
                                                     [JOURNAL_ORDER] = "order",
                                                     [JOURNAL_PLAN] = "plan",
                                                     [JOURNAL_REFUSED] = "refused",
                                                     [JOURNAL_CALL] = "call",
                                                     [JOURNAL_STEP] = "step",
                                                     [JOURNAL_OUTCOME] = "outcome"};
    return (unsigned)k < JOURNAL_KINDS ? words[k] : "?";
}

struct journal *journal_new(const struct journal_settings *s)
{
    struct journal *j = mem_new(sizeof *j);
    unsigned char id[8];
    j->s = *s;
    if (j->s.clock == NULL)
        j->s.clock = clock_real();
    if (j->s.file_max == 0)
        j->s.file_max = FILE_MAX;
    if (j->s.patience_ms == 0)
        j->s.patience_ms = PATIENCE_MS;
    ASSERT(RAND_bytes(id, (int)sizeof id) == 1);
    for (size_t i = 0; i < sizeof id; i++)
        (void)str_fmt(j->session + 2 * i, 3, "%02x", id[i]);
    pthread_mutex_init(&j->lock, NULL);
    return j;
}

/* ------------------------------------------------------------------- a line */

static void put_text(struct strbuf *line, const char *key, const char *value)
{
    char safe[FIELD_MAX];
    if (value == NULL || value[0] == '\0')
        return;
    (void)text_safe(safe, sizeof safe, value, strlen(value));
    strbuf_fmt(line, ",\"%s\":", key);
    strbuf_json(line, safe, strlen(safe));
}

static void compose(const struct journal *j, const struct journal_entry *e, const struct journal_file *f,
                    struct strbuf *line, char out_hash[JOURNAL_HASH_SIZE])
{
    char time[29];
    clock_iso_ms(clock_wall_ms(j->s.clock), time);
    strbuf_fmt(line, "{\"seq\":%llu,\"time\":\"%s\",\"kind\":\"%s\",\"session\":\"%s\",\"pid\":%d",
               (unsigned long long)f->seq + 1, time, journal_kind_word(e->kind), j->session, (int)getpid());
    put_text(line, "login", j->who.login);
    strbuf_fmt(line, ",\"uid\":%u", (unsigned)j->who.uid);
    put_text(line, "client", j->who.client);
    put_text(line, "tty", j->who.tty);
    strbuf_fmt(line, ",\"mode\":\"%s\",\"version\":\"%s\"", j->s.audit ? "audit" : "operate", CREDTOP_VERSION);
    put_text(line, "env", e->env);
    if (e->order != 0)
        strbuf_fmt(line, ",\"order\":%llu", (unsigned long long)e->order);
    put_text(line, "name", e->order_name);
    put_text(line, "operation", e->operation);
    put_text(line, "resource", e->resource);
    put_text(line, "keys", e->keys);
    put_text(line, "version_before", e->version_before);
    put_text(line, "version_after", e->version_after);
    put_text(line, "request_id", e->request_id);
    put_text(line, "words", e->words);
    if (f->torn)
        strbuf_fmt(line, ",\"torn\":%zu,\"torn_hash\":\"%s\"", f->torn_bytes, f->torn_hash);
    journal_line_seal(line, f->last, out_hash);
}

/* Short, and with the hash: what the file is held against when its end is in doubt. */
static void anchor(const struct journal *j, const struct journal_entry *e, uint64_t seq, const char *hash)
{
    openlog("credtop", LOG_PID | LOG_NDELAY, LOG_AUTHPRIV);
    syslog(LOG_AUTHPRIV | LOG_NOTICE, "journal seq=%llu hash=%s kind=%s login=%s%s%s", (unsigned long long)seq, hash,
           journal_kind_word(e->kind), j->who.login, e->env != NULL ? " env=" : "", e->env != NULL ? e->env : "");
}

static enum err append_locked(struct journal *j, const struct journal_entry *e, struct why *why)
{
    struct journal_file f;
    struct strbuf line;
    char hash[JOURNAL_HASH_SIZE];
    enum err err = journal_file_begin(&f, j->s.path, j->s.file_max, j->s.patience_ms, j->s.cancel, why);
    if (err != ERR_OK)
        return err;
    strbuf_init(&line, JOURNAL_LINE_MAX);
    compose(j, e, &f, &line, hash);
    err = journal_file_put(&f, strbuf_peek(&line), line.len, why);
    journal_file_end(&f);
    strbuf_clear(&line);
    if (err == ERR_OK && j->s.syslog)
        anchor(j, e, f.seq + 1, hash);
    return err;
}

static enum err start_locked(struct journal *j, struct why *why)
{
    if (j->started)
        return ERR_OK;
    journal_who(&j->who);
    enum err err = append_locked(j, &(struct journal_entry){.kind = JOURNAL_SESSION_START}, why);
    j->started = err == ERR_OK;
    return err;
}

/* The place of a watch's operation: its own, the first that is free, or NULL, which is not kept. */
static char *place_locked(struct journal *j, const char *operation)
{
    for (size_t i = 0; i < sizeof j->watches_told / sizeof j->watches_told[0]; i++)
        if (j->watches_told[i][0] == '\0' || strcmp(j->watches_told[i], operation) == 0)
            return j->watches_told[i];
    return NULL;
}

enum err journal_write(struct journal *j, const struct journal_entry *e, struct why *why)
{
    if (j->s.path == NULL)
        return why_set(why, ERR_IO,
                       "the journal cannot be written: there is no place for it: set HOME, or journal = PATH "
                       "in the configuration");
    pthread_mutex_lock(&j->lock);
    const char *operation = e->operation != NULL ? e->operation : "";
    char *place = e->kind == JOURNAL_WATCH ? place_locked(j, operation) : NULL;
    bool told = place != NULL && place[0] != '\0';
    enum err err = told ? ERR_OK : start_locked(j, why);
    if (err == ERR_OK && !told)
        err = append_locked(j, e, why);
    if (place != NULL && err == ERR_OK)
        (void)str_copy(place, sizeof j->watches_told[0], operation);
    pthread_mutex_unlock(&j->lock);
    return err;
}

struct journal *journal_free(struct journal *j)
{
    if (j == NULL)
        return NULL;
    j->s.patience_ms = LAST_PATIENCE_MS;
    j->s.cancel = NULL;
    if (j->started) /* best effort: a session without an end was killed, or could not write */
        (void)!append_locked(j, &(struct journal_entry){.kind = JOURNAL_SESSION_END}, NULL);
    pthread_mutex_destroy(&j->lock);
    free(j);
    return NULL;
}
