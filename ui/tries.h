/* The last tries of a database, summed up and drawn: backend/model.h keeps DB_HISTORY. */
#ifndef CT_TRIES_H
#define CT_TRIES_H

#include "backend/model.h"
#include "ui/grid.h"

struct tries {
    size_t n, failed;
    size_t flaps;           /* times it went down, or came back */
    size_t down;            /* failed tries since the last good one; n when there was none */
    int32_t p50_us, p95_us; /* of the good ones; -1 none */
    int32_t last_good_us;   /* -1 none */
};

void tries_of(const struct db_snap *d, struct tries *out);
/* One column a try, newest at the right: as high as it was slow, 'x' failed. */
void tries_draw(struct grid *g, int y, int x, int width, const struct db_snap *d, enum style style);
extern const char tries_legend[]; /* what the heights stand for */

#endif
