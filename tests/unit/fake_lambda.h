/* Lambda's log lines, made short: what a container of the watched system writes. */
#ifndef CT_FAKE_LAMBDA_H
#define CT_FAKE_LAMBDA_H

#include "backend/base/strbuf.h"
#include "config/config.h"

static const char *const fake_fetch[] = {"Fetching credentials from Secrets Manager", NULL};
static const char *const fake_hit[] = {"Using cached credentials*", NULL};
static const char *const fake_fallback[] = {"Falling back to environment variables*", NULL};
static const char *const fake_fetch_error[] = {"Failed to fetch credentials*", NULL};
static const char *const fake_db_error[] = {"*password authentication failed*", "*ECONNREFUSED*", NULL};

static const struct config_patterns fake_patterns = {
    .fetch = fake_fetch,
    .hit = fake_hit,
    .fallback = fake_fallback,
    .fetch_error = fake_fetch_error,
    .db_error = fake_db_error,
};

#define FAKE_INIT                                                                                                      \
    "INIT_START Runtime Version: nodejs:22.v48\tRuntime Version ARN: arn:aws:lambda:eu-central-1::runtime:ab\n"

enum fake_line {
    FAKE_INIT_START,
    FAKE_START,
    FAKE_END,
    FAKE_REPORT,
    FAKE_REPORT_COLD,
    FAKE_FETCH,
    FAKE_FETCH_IN_INIT,
    FAKE_FETCH_LOOSE,
    FAKE_HIT,
    FAKE_FALLBACK,
    FAKE_FETCH_ERROR,
    FAKE_DB_ERROR,
    FAKE_WORDS,
    FAKE_LINES
};

/* `request` numbers the request id. */
static inline const char *fake_line(enum fake_line what, unsigned request, char out[256])
{
    static const char stamp[] = "2026-11-24T12:00:00.123Z";
    char id[37];
    (void)str_fmt(id, sizeof id, "8f507cfc-1111-4222-8333-%012u", request);
    switch (what) {
    case FAKE_INIT_START:
        (void)str_copy(out, 256, FAKE_INIT);
        break;
    case FAKE_START:
        (void)str_fmt(out, 256, "START RequestId: %s Version: $LATEST\n", id);
        break;
    case FAKE_END:
        (void)str_fmt(out, 256, "END RequestId: %s\n", id);
        break;
    case FAKE_REPORT:
        (void)str_fmt(out, 256,
                      "REPORT RequestId: %s\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t\n", id);
        break;
    case FAKE_REPORT_COLD:
        (void)str_fmt(out, 256,
                      "REPORT RequestId: %s\tDuration: 12.34 ms\tBilled Duration: 13 ms\tInit Duration: 166.62 ms\t\n",
                      id);
        break;
    case FAKE_FETCH:
        (void)str_fmt(out, 256, "%s\t%s\tINFO\t%s\n", stamp, id, fake_fetch[0]);
        break;
    case FAKE_FETCH_IN_INIT:
        (void)str_fmt(out, 256, "%s\tundefined\tINFO\t%s\n", stamp, fake_fetch[0]);
        break;
    case FAKE_FETCH_LOOSE:
        (void)str_fmt(out, 256, "%s\n", fake_fetch[0]);
        break;
    case FAKE_HIT:
        (void)str_fmt(out, 256, "%s\t%s\tINFO\tUsing cached credentials\n", stamp, id);
        break;
    case FAKE_FALLBACK:
        (void)str_fmt(out, 256, "%s\t%s\tERROR\tFalling back to environment variables\n", stamp, id);
        break;
    case FAKE_FETCH_ERROR:
        (void)str_fmt(out, 256, "%s\t%s\tERROR\tFailed to fetch credentials: denied\n", stamp, id);
        break;
    case FAKE_DB_ERROR:
        (void)str_fmt(out, 256, "%s\t%s\tERROR\tpassword authentication failed for user\n", stamp, id);
        break;
    case FAKE_WORDS:
        (void)str_fmt(out, 256, "%s\t%s\tINFO\thello\n", stamp, id);
        break;
    case FAKE_LINES:
        out[0] = '\0';
        break;
    }
    return out;
}

#endif
