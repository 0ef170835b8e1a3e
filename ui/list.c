#include "ui/list.h"

void list_resize(struct list *l, size_t n)
{
    l->n = n;
    list_choose(l, l->at);
}

void list_choose(struct list *l, size_t row)
{
    l->at = l->n == 0 ? 0 : row >= l->n ? l->n - 1 : row;
}

void list_move(struct list *l, long rows)
{
    size_t step = (size_t)(rows < 0 ? -rows : rows);
    if (rows < 0)
        list_choose(l, l->at > step ? l->at - step : 0);
    else
        list_choose(l, step > l->n ? l->n : l->at + step);
}

void list_page(struct list *l, int pages, int parts)
{
    long page = (long)(l->page > 1 ? l->page : 1) / parts;
    list_move(l, pages * (page > 0 ? page : 1));
}

void list_show(struct list *l, size_t page)
{
    l->page = page;
    if (page == 0)
        return;
    if (l->at < l->top)
        l->top = l->at;
    if (l->at >= l->top + page)
        l->top = l->at - page + 1;
    size_t last = l->n > page ? l->n - page : 0;
    if (l->top > last)
        l->top = last;
}
