/* Classification of AWS's answers, delays between tries, and the retry quota.
 *
 * Pure but for the quota, which all threads share behind one leaf lock. */
#include "backend/aws/retry.h"

#include <pthread.h>
#include <string.h>

#include "backend/base/mem.h"

#define QUOTA_UNITS 500
#define QUOTA_RETRY 5
#define QUOTA_TIMEOUT 10
#define DELAY_STEP_MS 1000
#define DELAY_MAX_MS 20000
#define RETRY_AFTER_MAX_MS 60000 /* a server may not park us for longer than a refresh */

enum trait { WORTHWHILE = 1, COSTS_MORE = 2 };

static const struct {
    const char *code;
    enum err err;
} codes[] = {
#define CODE(code, err) {code, ERR_##err},
#include "backend/aws/codes.def"
#undef CODE
};

/* What is not listed is final: asking again would get the same answer. */
static const unsigned char traits[ERR_COUNT] = {
    [ERR_RESOLVE] = WORTHWHILE, [ERR_CONNECT] = WORTHWHILE,   [ERR_TIMEOUT] = WORTHWHILE | COSTS_MORE,
    [ERR_NETWORK] = WORTHWHILE, [ERR_THROTTLED] = WORTHWHILE, [ERR_SERVICE] = WORTHWHILE,
};

struct retry_quota {
    pthread_mutex_t lock;
    int units; /* guarded by lock */
};

static enum err classify_status(int http)
{
    static const struct {
        int http;
        enum err err;
    } rows[] = {
        {401, ERR_DENIED},    {403, ERR_DENIED},  {404, ERR_NOT_FOUND}, {408, ERR_TIMEOUT},
        {429, ERR_THROTTLED}, {501, ERR_INVALID}, {505, ERR_INVALID},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].http == http)
            return rows[i].err;
    if (http >= 200 && http < 300)
        return ERR_OK;
    if (http >= 400 && http < 500)
        return ERR_INVALID;
    if (http >= 500 && http < 600)
        return ERR_SERVICE;
    return ERR_MALFORMED; /* a redirect or no HTTP at all: not an AWS API that answered */
}

enum err retry_classify(int http, const char *aws_code)
{
    const char *code = aws_code ? aws_code : "";
    size_t n = strcspn(code, ": \t"); /* "Code:http://..." may hold a '#' of its own behind the colon */
    const char *hash = memrchr(code, '#', n);

    if (hash) {
        n -= (size_t)(hash + 1 - code);
        code = hash + 1;
    }
    for (size_t i = 0; n > 0 && i < ARRAY_LEN(codes); i++)
        if (strlen(codes[i].code) == n && memcmp(codes[i].code, code, n) == 0)
            return codes[i].err;
    if (n > 0 && http >= 200 && http < 300)
        return ERR_INVALID; /* an error in a good status is an error all the same */
    return classify_status(http);
}

bool retry_worthwhile(enum err code)
{
    return (unsigned)code < ERR_COUNT && (traits[code] & WORTHWHILE);
}

bool retry_costs_more(enum err code)
{
    return (unsigned)code < ERR_COUNT && (traits[code] & COSTS_MORE);
}

int64_t retry_delay_ms(int tries_done, double random01, int64_t retry_after_ms)
{
    int64_t most = DELAY_STEP_MS, delay;

    for (int i = 1; i < tries_done && most < DELAY_MAX_MS; i++)
        most *= 2;
    if (most > DELAY_MAX_MS)
        most = DELAY_MAX_MS;
    if (!(random01 >= 0)) /* catches a NaN, too */
        random01 = 0;
    if (random01 > 1)
        random01 = 1;
    delay = (int64_t)(random01 * (double)most);
    if (retry_after_ms > RETRY_AFTER_MAX_MS)
        retry_after_ms = RETRY_AFTER_MAX_MS;
    return delay > retry_after_ms ? delay : retry_after_ms;
}

struct retry_quota *retry_quota_new(void)
{
    struct retry_quota *q = mem_new(sizeof(*q));

    ASSERT(pthread_mutex_init(&q->lock, NULL) == 0);
    q->units = QUOTA_UNITS;
    return q;
}

struct retry_quota *retry_quota_free(struct retry_quota *q)
{
    if (q)
        (void)pthread_mutex_destroy(&q->lock); /* fails only when held: then a thread outlived its gate */
    free(q);
    return NULL;
}

bool retry_quota_take(struct retry_quota *q, enum err code, int *out_taken)
{
    int cost = retry_costs_more(code) ? QUOTA_TIMEOUT : QUOTA_RETRY;
    bool enough;

    pthread_mutex_lock(&q->lock);
    enough = q->units >= cost;
    if (enough)
        q->units -= cost;
    pthread_mutex_unlock(&q->lock);
    if (enough)
        *out_taken = cost;
    return enough;
}

void retry_quota_give_back(struct retry_quota *q, int taken)
{
    pthread_mutex_lock(&q->lock);
    q->units += taken > 0 ? taken : 1;
    if (q->units > QUOTA_UNITS)
        q->units = QUOTA_UNITS;
    pthread_mutex_unlock(&q->lock);
}
