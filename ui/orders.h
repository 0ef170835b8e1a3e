/* What the board's orders say of an environment, and of a version of its secret. */
#ifndef CT_ORDERS_H
#define CT_ORDERS_H

#include <stdbool.h>

#include "backend/model.h"
#include "ui/format.h"
#include "ui/grid.h"

/* "planned" of a dry run that is done, else order_state_word(). */
const char *order_outcome_word(const struct order_view *o);
bool order_is_open(const struct order_view *o);
const struct order_view *orders_find(const struct board *b, uint64_t id); /* NULL: forgotten, or none */
/* The order under way on an environment; NULL. */
const struct order_view *orders_open_on(const struct board *b, size_t env);
/* "testing": what an order under way does, for a row. */
const char *order_doing(enum order_kind kind);

/* The newest finished login with this version, and when; NULL: none was tried. */
const struct stage_login *orders_login(const struct board *b, size_t env, const char *version_id, int64_t *out_when_ms);

enum style order_style(enum order_state state);
enum style step_style(enum step_state state);
const char *step_word(enum step_state state);
/* "ok 3ms", "refused 28P01", "no value"; `open`: it may come yet. */
enum style login_words(const struct stage_login *l, bool open, char out[FORMAT_SIZE]);

#endif
