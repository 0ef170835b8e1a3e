/* One order on a page: its outcome, its plan, its steps, its logins. */
#ifndef CT_ORDER_PAGE_H
#define CT_ORDER_PAGE_H

#include "ui/format.h"
#include "ui/screen.h"

/* Beneath the list: what matters most, cut to the room there is. */
void order_page_brief(const struct screen *s, struct grid *g, struct rect at, const struct order_view *o);
int order_page_brief_rows(const struct order_view *o, int width);

/* Alone: all of it, moved by s->page where it does not fit. */
void order_page_draw(struct screen *s, struct grid *g, struct rect at, const struct order_view *o);

/* Pieces that the list shares. */
int64_t order_took(const struct screen *s, const struct order_view *o);
const char *order_took_words(int64_t ms, char out[FORMAT_SIZE]);
const char *order_env(const struct screen *s, const struct order_view *o, char out[72]);

#endif
