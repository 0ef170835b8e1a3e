/* A story told to struct containers, line by line, and a look at what it made of it. */
#ifndef CT_FAKE_STORY_H
#define CT_FAKE_STORY_H

#include "backend/base/mem.h"
#include "backend/watch/containers.h"
#include "tests/unit/fake_lambda.h"

#define T0 1795521600000 /* a whole step; the stories' zero */

struct story {
    struct containers *c;
    struct classifier *classifier;
    struct line_effect last;
    struct log_snap snap; /* after look() */
};

static int set_up(void **state)
{
    struct story *s = mem_new(sizeof *s);
    s->c = containers_new();
    s->classifier = classifier_new(&fake_patterns);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct story *s = *state;
    free((void *)(uintptr_t)s->snap.containers);
    s->c = containers_free(s->c);
    s->classifier = classifier_free(s->classifier);
    free(s);
    return 0;
}

static void feed_text(struct story *s, const char *stream, int64_t at_ms, const char *text, bool history)
{
    struct line l;
    classify(s->classifier, (struct slice){text, strlen(text)}, &l);
    containers_feed(s->c, 0, (struct slice){stream, strlen(stream)}, &l, T0 + at_ms, history, &s->last);
}

static void feed(struct story *s, const char *stream, int64_t at_ms, enum fake_line what, unsigned request)
{
    char text[256];
    feed_text(s, stream, at_ms, fake_line(what, request, text), false);
}

static const struct log_snap *look(struct story *s, int64_t at_ms)
{
    static const char *const groups[] = {"/aws/lambda/orders"};
    free((void *)(uintptr_t)s->snap.containers);
    s->snap = (struct log_snap){0};
    containers_fill(s->c, groups, T0 + at_ms, &s->snap);
    return &s->snap;
}

#endif
