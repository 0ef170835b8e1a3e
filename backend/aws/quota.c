/* Each bucket is a virtual clock (the generic cell rate algorithm): `free_ms` is when
 * the next call may go; a call that comes after it may go at once, and a short burst
 * may run ahead of it.  That needs no timer and no queue: taking a slot is adding an
 * interval. */
#include "backend/aws/quota.h"

#include <pthread.h>

#include "backend/aws/aws.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define BURST_MS 4000.0 /* slots that may be used ahead of the clock: four seconds' worth */
#define RATE_MIN 0.2    /* requests a second: even a throttled bucket trickles */
#define RAISE 50.0      /* successes that bring a halved rate back by a whole share */
#define BUCKETS_MAX 4096

struct bucket {
    char account[32], region[32];
    int op;
    double cap, rate; /* requests a second */
    double free_ms;
    int64_t halved_mono_ms; /* one throttled burst halves once */
};

struct quota {
    double share;
    pthread_mutex_t lock;
    /* guarded by lock */
    struct bucket *buckets;
    size_t n;
};

static const struct {
    enum aws_op op;
    const char *region;
    double rate;
} published[] = {
#define QUOTA(op, region, rate) {AWS_##op, region, rate},
#include "backend/aws/quotas.def"
#undef QUOTA
};

static double published_rate(int op, const char *region)
{
    for (size_t i = 0; i < ARRAY_LEN(published); i++)
        if ((int)published[i].op == op && (published[i].region[0] == '\0' || strcmp(published[i].region, region) == 0))
            return published[i].rate;
    return 0;
}

struct quota *quota_new(double share)
{
    struct quota *q = mem_new(sizeof *q);
    ASSERT(share > 0 && share <= 1);
    q->share = share;
    pthread_mutex_init(&q->lock, NULL);
    return q;
}

struct quota *quota_free(struct quota *q)
{
    if (q == NULL)
        return NULL;
    pthread_mutex_destroy(&q->lock);
    free(q->buckets);
    free(q);
    return NULL;
}

/* NULL: the operation has no quota, or there are absurdly many accounts. */
static struct bucket *find_locked(struct quota *q, const char *account, const char *region, int op)
{
    for (size_t i = 0; i < q->n; i++)
        if (q->buckets[i].op == op && strcmp(q->buckets[i].region, region) == 0 &&
            strcmp(q->buckets[i].account, account) == 0)
            return &q->buckets[i];
    double rate = published_rate(op, region) * q->share;
    if (rate <= 0 || q->n == BUCKETS_MAX)
        return NULL;
    q->buckets = mem_grow(q->buckets, q->n + 1, sizeof *q->buckets);
    struct bucket *b = &q->buckets[q->n++];
    *b = (struct bucket){.op = op, .cap = rate, .rate = rate, .halved_mono_ms = -1};
    (void)str_copy(b->account, sizeof b->account, account);
    (void)str_copy(b->region, sizeof b->region, region);
    return b;
}

int64_t quota_reserve_before(struct quota *q, const char *account, const char *region, int op, int64_t now_mono_ms,
                             int64_t latest_mono_ms)
{
    int64_t at = now_mono_ms;
    pthread_mutex_lock(&q->lock);
    struct bucket *b = find_locked(q, account, region, op);
    if (b != NULL) {
        double now = (double)now_mono_ms, ahead = b->rate >= 1 ? BURST_MS : 0;
        if (b->free_ms < now)
            b->free_ms = now;
        double slot = b->free_ms - ahead;
        at = slot > now ? (int64_t)slot : now_mono_ms;
        if (at < latest_mono_ms)
            b->free_ms += 1000.0 / b->rate;
    }
    pthread_mutex_unlock(&q->lock);
    return at;
}

int64_t quota_reserve(struct quota *q, const char *account, const char *region, int op, int64_t now_mono_ms)
{
    return quota_reserve_before(q, account, region, op, now_mono_ms, INT64_MAX);
}

int64_t quota_reserve_spare(struct quota *q, const char *account, const char *region, int op, int64_t now_mono_ms)
{
    int64_t wait = 0;
    pthread_mutex_lock(&q->lock);
    struct bucket *b = find_locked(q, account, region, op);
    if (b != NULL) {
        double now = (double)now_mono_ms, ahead = b->rate >= 1 ? BURST_MS / 2 : 0; /* half the burst stays for others */
        if (b->free_ms < now)
            b->free_ms = now;
        double slot = b->free_ms - ahead;
        if (slot > now)
            wait = (int64_t)(slot - now) + 1;
        else
            b->free_ms += 1000.0 / b->rate;
    }
    pthread_mutex_unlock(&q->lock);
    return wait;
}

void quota_outcome(struct quota *q, const char *account, const char *region, int op, enum err code, int64_t now_mono_ms)
{
    pthread_mutex_lock(&q->lock);
    struct bucket *b = find_locked(q, account, region, op);
    if (b != NULL && code == ERR_THROTTLED && (b->halved_mono_ms < 0 || now_mono_ms - b->halved_mono_ms >= 1000)) {
        b->rate = b->rate / 2 > RATE_MIN ? b->rate / 2 : RATE_MIN;
        b->halved_mono_ms = now_mono_ms;
        if (b->free_ms < (double)now_mono_ms + 1000.0 / b->rate)
            b->free_ms = (double)now_mono_ms + BURST_MS + 1000.0 / b->rate; /* no burst right after */
    } else if (b != NULL && code == ERR_OK && b->rate < b->cap) {
        b->rate += b->cap / RAISE;
        b->rate = b->rate < b->cap ? b->rate : b->cap;
    }
    pthread_mutex_unlock(&q->lock);
}

void quota_unused(struct quota *q, const char *account, const char *region, int op)
{
    pthread_mutex_lock(&q->lock);
    struct bucket *b = find_locked(q, account, region, op);
    if (b != NULL)
        b->free_ms -= 1000.0 / b->rate; /* what lies before now is brought up to it by the next call */
    pthread_mutex_unlock(&q->lock);
}

double quota_rate(struct quota *q, const char *account, const char *region, int op)
{
    pthread_mutex_lock(&q->lock);
    const struct bucket *b = find_locked(q, account, region, op);
    double rate = b != NULL ? b->rate : 0;
    pthread_mutex_unlock(&q->lock);
    return rate;
}
