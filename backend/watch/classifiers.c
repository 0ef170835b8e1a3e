#include "backend/watch/classifiers.h"

#include "backend/base/mem.h"

static bool same(const struct config_patterns *a, const struct config_patterns *b)
{
    return a->fetch == b->fetch && a->hit == b->hit && a->fallback == b->fallback && a->fetch_error == b->fetch_error &&
           a->db_error == b->db_error;
}

void classifiers_init(struct classifiers *c, const struct config *conf)
{
    *c = (struct classifiers){.shared = classifier_new(&conf->patterns), .n = conf->nenvironments};
    c->of = mem_array(c->n > 0 ? c->n : 1, sizeof(const struct classifier *));
    for (size_t i = 0; i < c->n; i++) {
        const struct config_patterns *own = &conf->environments[i].patterns;
        c->of[i] = same(own, &conf->patterns) ? c->shared : classifier_new(own);
    }
}

void classifiers_clear(struct classifiers *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->of[i] != c->shared)
            (void)classifier_free((struct classifier *)(uintptr_t)c->of[i]);
    c->shared = classifier_free(c->shared);
    free(c->of);
    *c = (struct classifiers){0};
}
