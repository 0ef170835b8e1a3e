/* The clock seam: every reading of time goes through one of these, so that tests
 * decide what time it is.  Timers, ages and deadlines use mono_ms (it never
 * steps); time stamps use wall_ms (milliseconds since 1970, UTC). */
#ifndef CT_CLOCK_H
#define CT_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct clock {
    int64_t (*mono_ms)(void *self);
    int64_t (*wall_ms)(void *self);
    void *self;
};

const struct clock *clock_real(void); /* the machine's; never freed, any thread */

static inline int64_t clock_mono_ms(const struct clock *c)
{
    return c->mono_ms(c->self);
}
static inline int64_t clock_wall_ms(const struct clock *c)
{
    return c->wall_ms(c->self);
}

/* Text <-> milliseconds, UTC, without the locale and without the C library's
 * shared static buffers. */
void clock_iso(int64_t wall_ms, char out[25]);    /* 2026-11-24T14:32:07Z */
void clock_iso_ms(int64_t wall_ms, char out[29]); /* 2026-11-24T14:32:07.123Z */
void clock_amz(int64_t wall_ms, char out[17]);    /* 20261124T143207Z, SigV4 */
/* Reads "2026-11-24T14:32:07[.fff...][Z|+00:00|+0000]"; false when it is not that. */
int clock_parse_iso(const char *s, size_t n, int64_t *out_ms);
/* Reads RFC 7231 IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT". */
int clock_parse_http(const char *s, size_t n, int64_t *out_ms);

#endif
