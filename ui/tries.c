#include "ui/tries.h"

#include <stdlib.h>

#include "backend/base/mem.h"

static int by_time(const void *pa, const void *pb)
{
    int32_t a = *(const int32_t *)pa, b = *(const int32_t *)pb;
    return a < b ? -1 : a > b;
}

/* The smallest that `percent` of them do not exceed. */
static int32_t percentile(const int32_t *sorted, size_t n, size_t percent)
{
    return n > 0 ? sorted[(n * percent + 99) / 100 - 1] : -1;
}

void tries_of(const struct db_snap *d, struct tries *out)
{
    int32_t good[DB_HISTORY];
    size_t ngood = 0, n = d->nhistory < DB_HISTORY ? d->nhistory : DB_HISTORY;
    *out = (struct tries){.n = n, .last_good_us = -1};
    for (size_t i = 0; i < n; i++) {
        bool ok = d->history_us[i] >= 0;
        if (ok)
            good[ngood++] = out->last_good_us = d->history_us[i];
        out->failed += ok ? 0 : 1;
        out->down = ok ? 0 : out->down + 1;
        out->flaps += i > 0 && ok != (d->history_us[i - 1] >= 0) ? 1 : 0;
    }
    qsort(good, ngood, sizeof(good[0]), by_time);
    out->p50_us = percentile(good, ngood, 50);
    out->p95_us = percentile(good, ngood, 95);
}

/* The same height means the same everywhere, so that rows compare. */
static const int32_t steps_us[] = {2000, 5000, 20000, 50000, 100000, 300000, 1000000};
static const char ascii[] = ".:-=+*#@";
const char tries_legend[] = "TRIES newest right: under 2, 5, 20, 50, 100, 300 ms, 1 s, more; x failed";

void tries_draw(struct grid *g, int y, int x, int width, const struct db_snap *d, enum style style)
{
    int n = (int)(d->nhistory < DB_HISTORY ? d->nhistory : DB_HISTORY);
    int shown = n < width ? n : width;
    for (int i = 0; i < shown; i++) {
        int32_t us = d->history_us[n - shown + i];
        size_t level = 0;
        int at = x + width - shown + i;
        while (level < ARRAY_LEN(steps_us) && us >= steps_us[level])
            level++;
        if (us < 0)
            grid_glyph(g, y, at, STYLE_BAD, 'x', 'x');
        else
            grid_glyph(g, y, at, style, 0x2581 + (uint32_t)level, ascii[level]);
    }
}
