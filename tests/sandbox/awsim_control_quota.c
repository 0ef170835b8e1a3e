/* The control API for what takes its time: quotas (how far each bucket was drawn, who met
 * its bottom), the lag of lists, the running of queries. */
#include "backend/base/mem.h"
#include "tests/sandbox/awsim_control.h"

#define LONGEST_MS (3600LL * 1000)

static void add_buckets(const struct realm *r, double scale, json_t *list)
{
    for (int q = QUOTA_NONE + 1; q < QUOTAS; q++) {
        const struct quota_bucket *b = &r->buckets[q];
        double rate = quota_rate((enum quota)q, r->region) * (scale > 0 ? scale : 1);
        if (b->taken + b->throttled == 0)
            continue;
        (void)json_array_append_new(
            list, json_pack("{ss ss ss sf sI sI si sf}", "account", r->account, "region", r->region, "quota",
                            quota_name((enum quota)q), "rate", rate, "taken", (json_int_t)b->taken, "throttled",
                            (json_int_t)b->throttled, "peak", (int)b->peak, "use", (double)b->peak / rate));
        if (scale > 0)
            (void)json_object_set_new(json_array_get(list, json_array_size(list) - 1), "lowest", json_real(b->lowest));
    }
}

void control_quota(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    (void)c, (void)o;
    json_t *buckets = json_array(), *keys = json_object();
    for (size_t i = 0; i < s->nrealms; i++)
        add_buckets(s->realms[i], s->quota_scale, buckets);
    for (size_t k = 0; k < s->nkeys; k++) {
        json_int_t sum = 0;
        json_t *ops = json_object();
        for (size_t op = 0; op < SIM_OPS; op++) {
            json_int_t n = (json_int_t)s->keys[k]->throttled[op];
            sum += n;
            if (n > 0)
                (void)json_object_set_new(ops, sim_op_row((enum sim_op)op)->name, json_integer(n));
        }
        (void)json_object_set_new(keys, s->keys[k]->id,
                                  json_pack("{ss sI so}", "arn", s->keys[k]->arn, "throttled", sum, "operations", ops));
    }
    control_answer(a, json_pack("{sf so so}", "scale", s->quota_scale, "buckets", buckets, "keys", keys));
}

void control_no_quota(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    (void)c, (void)o;
    for (size_t i = 0; i < s->nrealms; i++)
        for (int q = 0; q < QUOTAS; q++)
            quota_forget(&s->realms[i]->buckets[q]);
    for (size_t k = 0; k < s->nkeys; k++)
        memset(s->keys[k]->throttled, 0, sizeof s->keys[k]->throttled);
    control_ok(a);
}

/* {"ms": N} */
static void control_ms(struct check *c, const json_t *o, int64_t *out, struct answer *a)
{
    static const char *const known[] = {"ms", NULL};
    if (!check_members(c, o, known))
        return;
    if (!json_object_get(o, "ms"))
        (void)check_fail(c, "ms", "is needed: how long, in milliseconds");
    int64_t ms = check_int(c, o, "ms", 0, LONGEST_MS, 0);
    if (c->failed)
        return;
    *out = ms;
    control_ok(a);
}

void control_list_lag(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    control_ms(c, o, &s->list_lag_ms, a);
}

void control_query_time(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    control_ms(c, o, &s->query_ms, a);
}
