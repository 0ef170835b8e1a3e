/* The past of log groups, from CloudWatch Logs Insights: the same numbers as from paging,
 * for days of history and for groups too busy to page.
 *
 * One for each caller and region.  Groups that are asked for together are read together,
 * up to fifty in a query.  Two queries: the lines that turn a container's life (INIT_START,
 * fetches, fallbacks, errors), read whole and classified here; and the invocations, counted
 * by stream in steps of five minutes.  A query whose answer is full is asked again in
 * halves.  Nothing is counted before all of it is there.  What it would scan is estimated
 * and told first; more than insights_max_gb is not run. */
#ifndef CT_INSIGHTS_H
#define CT_INSIGHTS_H

#include "backend/watch/watch.h"

#define INSIGHTS_BIN_MS (5 * 60 * 1000)
#define INSIGHTS_GROUPS_MAX 50
#define INSIGHTS_DOLLARS_GB 0.005

/* `env`: one whose keys and region it uses.  wake(ctx, id): a turn is due. */
struct insights *insights_new(const struct watch *w, size_t env, void (*wake)(void *ctx, size_t id), void *ctx,
                              size_t id);
struct insights *insights_free(struct insights *h); /* stops what is running */

/* Any thread.  Asks for a group's [from_ms, to_ms), multiples of the step; it will call
 * follower_take_past() and follower_past_done(). */
void insights_ask(struct insights *h, struct follower *f, size_t group, int64_t from_ms, int64_t to_ms);

/* Adds to the pages that all groups of this caller and region would need; the sum. */
double insights_pages(struct insights *h, double pages);

/* The next step of what is asked for; the delay to the one after it. */
int64_t insights_turn(struct insights *h, struct aws *aws);

#endif
